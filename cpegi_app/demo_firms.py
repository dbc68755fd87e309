"""The demo's 32 verified enterprises, all invented, one a line; amounts in 万元, ratios in per cent.

`quals` are the letters of QUALIFICATIONS; `record` is 无逾期, 无被执行/失信, 无行政处罚 (Y, N, - unknown);
`missing` names the fields left empty.
"""

from cpegi_app.vocabulary import Qualification as Q

QUALIFICATIONS = {"H": Q.HIGH_TECH, "T": Q.TECH_SME, "S": Q.SRDI, "L": Q.LITTLE_GIANT, "I": Q.ISO9001}

FIRMS = """
name region industry trade owner years staff revenue growth margin assets debt liquidity research patents ip rating quals borrowed record missing business
郑州砺岩精密机械有限公司 GAOXIN C MANUFACTURING PRIVATE 11 186 12860 14.2 7.6 15400 52.3 1.62 5.4 9 31 A HSI 2600 YYY - 数控机床功能部件制造
河南沃澜生物科技有限公司 AIRPORT C MANUFACTURING PRIVATE 7 94 5230 22.8 9.1 7800 46 1.85 8.2 14 40 A HT 900 YYY - 体外诊断试剂制造
郑州启昀软件有限公司 GAOXIN I SOFTWARE PRIVATE 6 68 2140 31.5 11.2 1980 35.5 2.4 18.6 3 52 B HT 200 YYY - 工业软件开发
郑州汀澜食品有限公司 JINGKAI C MANUFACTURING PRIVATE 9 75 2360 6.4 4.2 1000 68.2 1.12 1.1 1 6 B I 310 YYY - 速冻食品制造
河南珩宇新材料股份有限公司 GAOXIN C MANUFACTURING MIXED 13 342 41200 9.7 6.9 52600 58.4 1.38 4.8 21 66 A HLI 9800 YYY - 超硬材料及制品制造
郑州煜辰光电有限公司 AIRPORT C MANUFACTURING HMT 8 1120 63500 17.3 5.1 58800 61.7 1.21 6.2 18 45 A HS 15200 YYN - 光学镜头模组制造
河南柏舜建设工程有限公司 JINSHUI E CONSTRUCTION PRIVATE 14 160 18650 -3.8 2.9 22100 73.5 1.08 0.3 0 4 B I 5200 YYN - 市政公用工程施工
郑州穗嘉粮油贸易有限公司 HUIJI F WHOLESALE PRIVATE 10 28 26800 4.6 1.3 6900 69.8 1.15 0 0 1 B - 2100 YYY research,patents 粮油批发
郑州澄弈网络科技有限公司 ZHENGDONG I SOFTWARE PRIVATE 4 37 860 48.2 6.5 540 41 2.1 22.4 1 19 M T 0 YYY revenue_prev,net_profit_prev 智能客服系统开发
河南垚森生态农业有限公司 HUIJI A AGRICULTURE PRIVATE 8 46 1680 11.9 8.4 2350 44.6 1.54 2.2 2 7 A - 260 YYY - 设施蔬菜种植
郑州运泽物流有限公司 AIRPORT G TRANSPORT PRIVATE 9 210 9450 7.2 3.6 6100 64.9 1.19 0.4 0 5 B I 1350 YYY - 冷链运输
郑州云朗酒店管理有限公司 ERQI H HOTEL PRIVATE 7 124 2980 -6.5 -2.8 4300 76.2 0.84 0 0 2 C - 1100 NYY tax_prev 酒店住宿服务
河南澈源环保科技有限公司 ZHONGYUAN N OTHER PRIVATE 10 88 4720 12.6 7.9 5600 49.3 1.66 6.1 7 28 A HS 820 YYY - 工业废水处理设备成套
郑州弘棠医药有限公司 JINGKAI F WHOLESALE PRIVATE 12 65 15900 8.8 2.4 8200 66.5 1.24 0 0 3 B - 1900 YYY - 药品及医疗器械批发
郑州栎川纺织有限公司 GUANCHENG C MANUFACTURING PRIVATE 16 240 7350 -1.4 1.8 8100 69.4 1.03 1.5 2 9 B I 2300 YYY - 高支纱及面料制造
河南昱衡检测技术有限公司 GAOXIN M OTHER PRIVATE 6 54 1520 26.4 13.5 1750 32.1 2.65 9.8 4 23 A HT 0 YYY - 建筑材料检验检测
郑州铂韵文化传播有限公司 JINSHUI R OTHER PRIVATE 5 22 640 15 5.2 420 38.8 1.72 0 0 11 M - 0 YYY tax,research,debt_outstanding 会展策划与文创产品
河南琢石陶瓷有限公司 OTHER C MANUFACTURING PRIVATE 15 305 10200 2.1 3.1 13700 62.6 1.16 2.6 5 17 B I 3100 YYY - 特种陶瓷制造
郑州晟旅汽车零部件有限公司 JINGKAI C MANUFACTURING FOREIGN 12 415 38600 5.5 4.4 35200 57.9 1.33 3.9 12 33 A HI 7600 YYY - 汽车底盘零部件制造
郑州荞麦田餐饮管理有限公司 ERQI H CATERING PRIVATE 6 132 2150 9.3 6 1120 55.2 1.09 0 0 4 B - 150 YYY - 连锁餐饮服务
河南熠安信息安全有限公司 ZHENGDONG I SOFTWARE PRIVATE 8 96 4180 19.6 12.1 3900 37.4 2.22 19.2 11 47 A HTS 450 YYY - 数据安全产品开发
郑州桐屿家居有限公司 ZHONGYUAN F RETAIL PRIVATE 7 58 1890 -8.2 0.9 1540 63.3 1.05 0 0 2 C - 330 YNY - 家居零售
河南苒禾种业有限公司 OTHER A AGRICULTURE MIXED 11 73 3260 13.7 9.6 4450 40.8 1.9 7.4 6 15 A H 520 YYY - 小麦玉米种子繁育
郑州逐光新能源科技有限公司 GAOXIN D MANUFACTURING PRIVATE 5 61 3820 36.9 8.8 5150 59.6 1.44 5.6 5 18 B T 760 YYY - 分布式光伏发电
河南泊远供应链管理有限公司 AIRPORT L LEASING_BUSINESS PRIVATE 6 44 22300 18.4 1.1 7700 74.6 1.11 0.2 0 6 B - 1750 YYY - 跨境电商供应链服务
郑州明澍口腔医疗有限公司 JINSHUI Q OTHER PRIVATE 4 49 1080 24.5 10.3 930 36.7 1.58 0 0 1 M - 0 Y-Y patents 口腔诊疗服务
郑州恪诚物业服务有限公司 ZHENGDONG K PROPERTY PRIVATE 9 356 3150 5.8 4.7 1680 48.1 1.29 0 0 2 A I 0 YYY - 物业管理
河南霁川职业培训有限公司 HUIJI P OTHER PRIVATE 5 31 520 3.3 7.7 610 29.4 2.05 0 0 3 M - 0 YYY current_assets,current_liabilities 职业技能培训
郑州钧砚智能装备有限公司 GAOXIN C MANUFACTURING PRIVATE 7 118 6940 28.1 8.3 8850 54.8 1.47 7.7 16 38 A HL 1280 YYY - 包装机器人制造
河南朔原矿山机械有限公司 OTHER C MANUFACTURING STATE 22 690 36900 -2.2 2.2 61500 71.3 1.01 2.9 8 25 B I 16800 YYN - 矿山破碎设备制造
郑州浅予服饰有限公司 GUANCHENG C MANUFACTURING PRIVATE 3 18 380 12.2 4.9 210 45.7 1.36 0 0 3 - - 0 YYY tax,insured,profit_years 女装设计与加工
郑州嘉澍印务有限公司 ERQI C MANUFACTURING PRIVATE 13 52 1450 0.6 2.6 1890 60.4 1.07 0.8 1 5 B I 280 YYY - 包装装潢印刷
"""
