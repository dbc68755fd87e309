/* Behaviour that never needs the server: focus, menus, drafts, password hints; runs under a strict content policy.
   React mounts elements when it likes: everything hangs on the document, on data attributes and on one observer. */
(function () {
  "use strict";
  var doc = document;
  var root = doc.documentElement;
  var FIELDS = "input[name], select[name], textarea[name]";
  var FOCUSABLE = 'a[href], button:not([disabled]), input:not([disabled]):not([type="hidden"]), ' +
    'select:not([disabled]), textarea:not([disabled]), summary, [tabindex]:not([tabindex="-1"])';

  function all(selector, from) { return Array.prototype.slice.call((from || doc).querySelectorAll(selector)); }
  function on(type, handle, capture) { doc.addEventListener(type, handle, Boolean(capture)); }
  function closest(event, selector) {
    return event.target instanceof Element ? event.target.closest(selector) : null;
  }
  function visible(element) { return element.getClientRects().length > 0; }
  /* Storage may be full or forbidden; the page works without it. */
  function stored(area, key, value) {
    try {
      var store = window[area];
      if (value === undefined) return store.getItem(key);
      if (value === null) store.removeItem(key); else store.setItem(key, value);
    } catch (error) { /* carry on without */ }
    return null;
  }

  /* ---------- values: set so that React hears of it ---------- */
  function fire(control, type) { control.dispatchEvent(new Event(type, { bubbles: true })); }
  function setNative(control, property, value) {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), property).set.call(control, value);
  }
  function put(control, value) {
    if (control.value === value) return;
    setNative(control, "value", value);
    fire(control, "input");
    fire(control, "change");
  }
  /* A ready sentence goes behind what is typed already, once. */
  function fill(control, sentence) {
    if (!control) return;
    var typed = control.value.trim();
    if (typed.indexOf(sentence) < 0) put(control, typed ? typed + "\n" + sentence : sentence);
    focusOn(control);
  }
  /* React listens to the click of a box, not to its change. */
  function tick(control, wanted) { if (control.checked !== wanted && !control.disabled) control.click(); }

  /* ---------- drafts: what was typed survives a reload, an expired session, a lost connection ---------- */
  var timers = new WeakMap(), restoring = false;

  function draftKey(form) {
    return "draft:" + form.getAttribute("data-draft") + ":" + (form.getAttribute("data-version") || "0");
  }
  function kept(control) {
    return control.type !== "password" && control.type !== "file" && control.type !== "hidden" &&
      !control.closest("[data-nosave]");
  }
  function isBox(control) { return control.type === "checkbox" || control.type === "radio"; }
  function read(form) {
    var values = {};
    all(FIELDS, form).filter(kept).forEach(function (control) {
      var list = values[control.name] || (values[control.name] = []);
      if (!isBox(control) || control.checked) list.push(control.value);
    });
    return values;
  }
  function write(form, values) {
    var seen = {};
    var controls = all(FIELDS, form).filter(function (control) { return kept(control) && values[control.name]; });
    restoring = true;
    /* Boxes first: they may switch other controls on or off. */
    controls.filter(isBox).forEach(function (control) {
      var wanted = values[control.name].indexOf(control.value) >= 0;
      if (control.type === "checkbox" || wanted) tick(control, wanted);
      /* A radio cannot be clicked off. */
      else if (control.checked) setNative(control, "checked", false);
    });
    controls.forEach(function (control) {
      if (isBox(control)) return;
      var index = seen[control.name] || 0;
      seen[control.name] = index + 1;
      if (index < values[control.name].length) put(control, values[control.name][index]);
    });
    restoring = false;
  }
  function dropDrafts(name, except) {
    try {
      Object.keys(sessionStorage).forEach(function (key) {
        if (key.indexOf("draft:" + name + ":") === 0 && key !== except) sessionStorage.removeItem(key);
      });
    } catch (error) { /* carry on without */ }
  }
  function noteDraft(form, shown) {
    var note = form.querySelector("[data-draft-note]");
    if (note) note.hidden = !shown;
  }
  /* Only what differs from the stored form is kept: it can come back to a later version without undoing what others
     changed in it. */
  function keepDraft(form) {
    clearTimeout(timers.get(form));
    if (form.draftBase === undefined) return;
    var typed = differing(read(form), JSON.parse(form.draftBase));
    stored("sessionStorage", draftKey(form), typed);
    dropDrafts(form.getAttribute("data-draft"), draftKey(form));
  }
  function differing(now, base) {
    var found = {};
    Object.keys(now).forEach(function (name) {
      if (JSON.stringify(now[name]) !== JSON.stringify(base[name])) found[name] = now[name];
    });
    return Object.keys(found).length ? JSON.stringify(found) : null;
  }
  /* The newest copy that was kept under an earlier version of the form. */
  function earlierDraft(form) {
    var start = "draft:" + form.getAttribute("data-draft") + ":", found = 0;
    var mine = parseInt(form.getAttribute("data-version"), 10);
    try {
      Object.keys(sessionStorage).forEach(function (key) {
        var version = key.indexOf(start) === 0 ? parseInt(key.slice(start.length), 10) : 0;
        if (version > found && version < mine) found = version;
      });
    } catch (error) { /* carry on without */ }
    return found ? stored("sessionStorage", start + found) : null;
  }
  /* A form without a version is still loading. A saved form gets a new version without being mounted anew: what
     was sent is then the base, and what was typed meanwhile stays a draft. */
  function mountDraft(form) {
    var key = draftKey(form);
    if (!form.getAttribute("data-draft") || form.getAttribute("data-version") === "" || form.draftId === key) return;
    var again = form.draftId !== undefined && form.draftSent !== undefined;
    /* An upload raises the version of a form that is being typed in; nothing of that was sent. */
    var typing = form.draftId !== undefined && !again && form.isDirty;
    form.draftId = key;
    if (typing) { keepDraft(form); return; }
    form.draftBase = again ? form.draftSent : JSON.stringify(read(form));
    form.draftSent = undefined;
    if (again) { keepDraft(form); return; }
    /* Older copies go once this version has stayed: a form may pass through a first, empty one while it loads. */
    setTimeout(function () {
      if (form.isConnected && form.draftId === key) dropDrafts(form.getAttribute("data-draft"), key);
    }, 3000);
    var copy = JSON.parse(stored("sessionStorage", key) || earlierDraft(form) || "{}");
    if (!differing(copy, JSON.parse(form.draftBase))) return;
    write(form, copy);
    keepDraft(form);
    form.isDirty = true;
    noteDraft(form, true);
  }
  /* What was sent and refused is stored nowhere but here. */
  function refused(form) {
    if (form.draftSent === undefined) return;
    form.draftSent = undefined;
    form.isDirty = true;
  }
  function clearDraft(mark) {
    var name = mark.getAttribute("data-draft-clear");
    if (mark.draftCleared === name) return;
    mark.draftCleared = name;
    dropDrafts(name, "");
    all("form[data-draft]").forEach(function (form) {
      if (form.getAttribute("data-draft") !== name) return;
      clearTimeout(timers.get(form));
      form.draftBase = JSON.stringify(read(form));
      form.isDirty = false;
    });
  }
  function discardDraft(form) {
    stored("sessionStorage", draftKey(form), null);
    write(form, JSON.parse(form.draftBase));
    form.isDirty = false;
    noteDraft(form, false);
    focusOn(form.querySelector(FOCUSABLE));
  }

  /* ---------- switches, passwords ---------- */
  function applyFree(box) {
    var body = doc.querySelector(box.getAttribute("data-frees"));
    if (!body) return;
    body.toggleAttribute("data-off", box.checked);
    all("input, select, textarea", body).forEach(function (control) { control.disabled = box.checked; });
  }
  var WORDS = ["未填写", "不符合要求", "一般", "较好", "强"];
  var COMMON = /password|qwerty|12345678|11111111|abc123|iloveyou|admin123|888888|666666/i;
  /* As services/passwords.py judges: from 2 on the server accepts it. Returns the score and, at 1, the reason. */
  function strength(password, avoid) {
    if (!password) return [0, ""];
    var kinds = [/[A-Za-z\u4e00-\u9fff]/, /\d/, /[^A-Za-z0-9\u4e00-\u9fff]/]
      .filter(function (kind) { return kind.test(password); }).length;
    if (password.length < 10) return [1, "至少 10 位"];
    if (kinds < 2) return [1, "须含字母、数字、符号中的两类"];
    if (avoid.length >= 6 && password.indexOf(avoid) >= 0) return [1, "不能包含手机号"];
    if (new Set(password).size < 5 || COMMON.test(password)) return [1, "过于常见"];
    var mixed = /[a-z]/.test(password) && /[A-Z]/.test(password);
    return [2 + (kinds === 3 || mixed ? 1 : 0) + (password.length >= 14 ? 1 : 0), ""];
  }
  function showStrength(input) {
    var meter = doc.querySelector(input.getAttribute("data-strength"));
    if (!meter) return;
    var other = doc.querySelector(input.getAttribute("data-strength-avoid") || "[data-none]");
    var found = strength(input.value, other ? other.value.trim() : "");
    meter.value = found[0];
    var text = doc.getElementById(meter.id + "-text");
    if (text) text.textContent = "密码强度：" + WORDS[found[0]] + (found[1] ? "（" + found[1] + "）" : "");
  }
  function reveal(button, open) {
    var secret = doc.querySelector(button.getAttribute("data-reveal"));
    if (!secret) return;
    secret.type = open ? "text" : "password";
    button.setAttribute("aria-label", open ? "隐藏密码" : "显示密码");
    button.textContent = open ? "隐藏" : "显示";
  }

  /* ---------- sums as one types: data-arith="sum" (a + b = c) or "share" (a of b in per cent = c) ---------- */
  function numberIn(form, name) {
    var control = form.elements[name];
    var text = control ? control.value.normalize("NFKC").replace(/[,\s%]/g, "") : "";
    return /^\d{1,9}(\.\d{1,2})?$/.test(text) ? parseFloat(text) : NaN;
  }
  function plain(number) { return number.toLocaleString("en-US", { maximumFractionDigits: 2 }); }
  /* Says what fits or what does not, in the server's own words (data-ok, data-bad), nothing while one is missing. */
  function showArith(line) {
    var form = line.closest("form");
    var found = line.getAttribute("data-of").split(" ").map(function (name) { return form ? numberIn(form, name) : NaN; });
    var share = line.getAttribute("data-arith") === "share";
    var want = share ? found[0] / found[1] * 100 : found[0] + found[1];
    var known = found.every(isFinite) && isFinite(want);
    var gap = Math.abs(want - found[2]);
    var fine = gap <= parseFloat(line.getAttribute("data-within") || "0") + 1e-6;
    var words = known ? line.getAttribute(fine ? "data-ok" : "data-bad") : "";
    line.toggleAttribute("data-fine", known && fine);
    line.textContent = words.replace("{want}", plain(want)).replace("{is}", plain(found[2])).replace("{gap}", plain(gap));
  }

  /* ---------- a button that waits: data-wait="<seconds>/<turn>", its words in [data-wait-text] ---------- */
  function holdBack(button) {
    var mark = button.getAttribute("data-wait");
    if (button.waitMark === mark) return;
    button.waitMark = mark;
    clearInterval(button.waitTimer);
    var until = Date.now() + parseInt(mark, 10) * 1000;
    var words = button.querySelector("[data-wait-text]") || button;
    var code = button.parentNode.querySelector("input");
    if (!(until > Date.now())) return;
    if (doc.activeElement === button && code) focusOn(code);
    function tick() {
      var left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      words.textContent = left > 0 ? left + " 秒后重新获取" : "重新获取";
      if (left <= 0) clearInterval(button.waitTimer);
    }
    button.waitTimer = setInterval(tick, 500);
    tick();
  }

  /* ---------- a form told while it is typed: [data-mirror="c_,regions"] gets the fields so named, as JSON ---------- */
  function mirror(form) {
    var box = form.querySelector("[data-mirror]");
    if (!box || !form.isConnected) return;
    var wanted = box.getAttribute("data-mirror").split(","), typed = read(form), told = {};
    Object.keys(typed).forEach(function (name) {
      if (wanted.some(function (start) { return name.indexOf(start) === 0; })) told[name] = typed[name].join(",");
    });
    put(box, JSON.stringify(told));
  }
  function mirrorSoon(form) {
    clearTimeout(form.mirrorTimer);
    form.mirrorTimer = setTimeout(function () { mirror(form); }, 400);
  }

  /* ---------- focus ---------- */
  function focusOn(element) { if (element) element.focus(); }
  /* After a submission: the summary of what is wrong, or what is asked once more, else the first wrong field. */
  var awaitErrors = false, lastErrors = "";
  function focusErrors() {
    var box = doc.querySelector('.errors[role="alert"], [data-held]');
    var wrong = all('[aria-invalid="true"]').filter(visible);
    /* What is asked once more counts how often. */
    var now = (box ? box.textContent + (box.getAttribute("data-held") || "") : "") + wrong.map(function (e) { return e.id; }).join();
    if (awaitErrors && now && now !== lastErrors) {
      awaitErrors = false;
      all("form[data-draft]").forEach(refused);
      if (box) box.scrollIntoView({ block: "center" });
      focusOn(box || wrong[0]);
    }
    lastErrors = now;
  }
  function focusField(id) {
    var target = doc.getElementById(id);
    if (!target) return false;
    var inner = target.matches(FOCUSABLE) ? target : target.querySelector(FOCUSABLE);
    target.scrollIntoView({ block: "center" });
    focusOn(inner || target);
    return true;
  }

  /* ---------- dialogs ---------- */
  var dialogs = [];  /* {box, back}: the open ones, last on top */
  function openDialog(box) {
    if (dialogs.some(function (d) { return d.box === box; })) return;
    dialogs.push({ box: box, back: doc.activeElement });
    var first = box.querySelector("[data-autofocus]") ||
      all(FOCUSABLE, box).filter(function (e) { return visible(e) && !e.hasAttribute("data-close"); })[0];
    focusOn(first || box);
    /* The page behind stands still, and does not jump by the width of its scroll bar. */
    root.style.paddingRight = window.innerWidth - root.clientWidth + "px";
    root.style.overflow = "hidden";
  }
  function sweepDialogs() {
    dialogs = dialogs.filter(function (dialog) {
      if (dialog.box.isConnected) return true;
      var back = dialog.back && dialog.back.isConnected && dialog.back !== doc.body;
      focusOn(back ? dialog.back : doc.querySelector("main h1"));
      return false;
    });
    if (!dialogs.length) root.style.overflow = root.style.paddingRight = "";
  }
  function keepInside(event, box) {
    var stops = all(FOCUSABLE, box).filter(visible);
    if (!stops.length) return event.preventDefault();
    var first = stops[0], last = stops[stops.length - 1], here = doc.activeElement;
    if (box.contains(here) && here !== (event.shiftKey ? first : last) && here !== box) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }

  /* ---------- side menu, drop-down menus ---------- */
  var narrow = window.matchMedia("(max-width: 1024px)");
  function setSide(state) {
    if (state) root.setAttribute("data-side", state); else root.removeAttribute("data-side");
    all(".topbar [data-side-toggle]").forEach(function (button) {
      button.setAttribute("aria-expanded", String(narrow.matches ? state === "open" : state !== "mini"));
    });
  }
  function restSide() { setSide(!narrow.matches && stored("localStorage", "side") === "mini" ? "mini" : ""); }
  function toggleSide() {
    var state = root.getAttribute("data-side");
    var wanted = narrow.matches ? "open" : "mini";
    setSide(state === wanted ? "" : wanted);
    if (!narrow.matches) stored("localStorage", "side", state === "mini" ? null : "mini");
    else if (state !== "open") focusOn(doc.querySelector(".side a, .side summary"));
  }
  function closeMenus(except) {
    all("details[data-menu][open]").forEach(function (menu) { if (menu !== except) menu.open = false; });
  }
  function moveInMenu(event, menu) {
    var items = all("a[href], button:not([disabled])", menu).filter(visible);
    var index = items.indexOf(doc.activeElement);
    var next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next === undefined || !items.length) return;
    event.preventDefault();
    items[(next + items.length) % items.length].focus();
  }

  /* ---------- events ---------- */
  function swallow(event) { event.preventDefault(); event.stopPropagation(); }
  on("click", function (event) {
    var link = closest(event, 'a[href*="#f-"]');
    if (link && link.pathname === location.pathname && focusField(decodeURIComponent(link.hash.slice(1)))) {
      return swallow(event);
    }
    var skip = closest(event, "a.skip");
    var main = skip && doc.querySelector(skip.hash);
    if (main) {
      main.tabIndex = -1;
      main.focus();
      return swallow(event);
    }
    var intent = closest(event, "button[data-intent]");
    var field = intent && intent.form && intent.form.querySelector('input[name="intent"]');
    if (field) field.value = intent.getAttribute("data-intent");
    closeMenus(closest(event, "details[data-menu]"));
    if (closest(event, ".menu-pop a, .menu-pop button")) setTimeout(closeMenus, 0);
    if (closest(event, ".side-scrim")) return setSide("");
    if (closest(event, "[data-side-toggle]")) return toggleSide();
    if (narrow.matches && root.getAttribute("data-side") === "open" && closest(event, ".side a")) setSide("");
    var group = closest(event, ".side summary");
    if (group && root.getAttribute("data-side") === "mini") {
      toggleSide();
      if (group.parentElement.open) return swallow(event);
    }
    var eye = closest(event, "[data-reveal]");
    if (eye) reveal(eye, eye.textContent === "显示");
    var more = closest(event, "[data-query-toggle]");
    if (more) more.setAttribute("aria-expanded", String(more.closest(".query").classList.toggle("is-open")));
    var filler = closest(event, "[data-fill]");
    if (filler) { fill(doc.querySelector(filler.getAttribute("data-fill")), filler.getAttribute("data-text") || filler.textContent.trim()); return; }
    if (closest(event, "[data-draft-discard]")) discardDraft(event.target.closest("form"));
  }, true);

  on("keydown", function (event) {
    var top = dialogs.length && dialogs[dialogs.length - 1].box;
    if (top && top.isConnected) {
      if (event.key === "Tab") keepInside(event, top);
      if (event.key === "Escape" && !event.isComposing) {
        event.preventDefault();
        if (top.querySelector("[data-close]")) top.querySelector("[data-close]").click();
      }
      return;
    }
    var menu = closest(event, "details[data-menu]");
    if (menu && menu.open) moveInMenu(event, menu);
    if (event.key !== "Escape") return;
    if (menu && menu.open) focusOn(menu.querySelector("summary"));
    closeMenus();
    if (narrow.matches && root.getAttribute("data-side") === "open") {
      setSide("");
      focusOn(doc.querySelector("[data-side-toggle]"));
    }
  });

  /* What is being corrected is no longer told off; whether it is right now, the next submission says. */
  function edited(control) {
    var field = control.closest(".field, .cond"), told = field && field.querySelector(".err:not(:empty)");
    if (!told) return;
    field.setAttribute("data-edited", "");
    var link = told.id && '[data-errors] a[href="#' + CSS.escape(told.id.replace(/-err$/, "")) + '"]';
    if (link) all(link).forEach(function (found) { found.setAttribute("data-edited", ""); });
  }

  function changed(event) {
    var control = event.target;
    if (!(control instanceof Element) || control.matches("[data-mirror]")) return;
    if (control.form && control.form.querySelector("[data-mirror]")) mirrorSoon(control.form);
    if (control.matches("[data-frees]")) applyFree(control);
    if (control.matches("[data-strength]")) showStrength(control);
    if (control.id) all('[data-strength-avoid="#' + CSS.escape(control.id) + '"]').forEach(showStrength);
    var form = control.form;
    if (form) all("[data-arith]", form).forEach(showArith);
    if (!form || restoring) return;
    edited(control);
    form.isDirty = true;
    if (!form.hasAttribute("data-draft")) return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(function () { keepDraft(form); }, 300));
  }
  ["input", "change"].forEach(function (type) { on(type, changed); });
  on("submit", function (event) {
    var form = event.target;
    form.isDirty = false;
    if (form.hasAttribute("data-draft")) { keepDraft(form); form.draftSent = JSON.stringify(read(form)); }
    all("[data-reveal]", form).forEach(function (button) { reveal(button, false); });
    all("[data-edited]").forEach(function (told) { told.removeAttribute("data-edited"); });
    awaitErrors = true;
    if (event.submitter) startWaiting(event.submitter);
  }, true);

  /* ---------- what was sent turns a wheel in its button until the server says something ---------- */
  var waiting = null;  /* {button, state: who was asked, since, soon, late} */
  function stopWaiting() {
    if (!waiting) return;
    clearTimeout(waiting.soon);
    clearTimeout(waiting.late);
    waiting.button.setAttribute("aria-busy", "false");
    waiting = null;
  }
  function startWaiting(button) {
    stopWaiting();
    waiting = {
      button: button, state: "", since: Date.now(),
      /* An answer that comes at once needs no wheel, nor does a button that asked the server nothing. */
      soon: setTimeout(function () {
        if (button.type !== "submit" && !waiting.state) return stopWaiting();
        button.setAttribute("aria-busy", "true");
      }, 300),
      late: setTimeout(stopWaiting, 30000),
    };
  }
  /* Whether a word of the server answers what was sent: it may still be speaking of something before. */
  function answers(said) {
    return said.indexOf(waiting.state) > 0 || said.indexOf("____message_state") > 0 || Date.now() - waiting.since > 1500;
  }
  on("click", function (event) {
    var acts = closest(event, "button[data-acts]");
    if (acts && acts.type !== "submit") startWaiting(acts);
  }, true);
  var send = window.WebSocket.prototype.send;
  window.WebSocket.prototype.send = function (words) {
    var named = waiting && !waiting.state && /"name":"([\w.]+)\.\w+"/.exec(String(words));
    if (named) waiting.state = named[1];
    if (!this.isHeard) {
      this.isHeard = true;
      this.addEventListener("message", function (said) {
        if (waiting && waiting.state && String(said.data).slice(0, 2) === "42" && answers(said.data)) stopWaiting();
      });
      this.addEventListener("close", stopWaiting);
    }
    return send.apply(this, arguments);
  };

  /* ---------- files that stop on their way are told to the page that waits for them ---------- */
  var setHeader = window.XMLHttpRequest.prototype.setRequestHeader;
  window.XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
    if (name === "Reflex-Event-Handler") {
      var tell = function () {
        var waits = all("[data-upload-cut]").filter(function (button) {
          return String(value).indexOf(button.getAttribute("data-upload-cut") + ".") === 0;
        });
        if (waits.length) waits[0].click();
      };
      ["error", "abort", "timeout"].forEach(function (end) { this.addEventListener(end, tell); }, this);
      /* What the edge does not take is answered, but read by nobody; what is too large was told while it was sent. */
      this.addEventListener("load", function () { if (this.status >= 400 && this.status !== 413) tell(); });
    }
    return setHeader.apply(this, arguments);
  };

  window.addEventListener("beforeunload", function (event) {
    if (!all("form[data-dirty-warn]").some(function (form) { return form.isDirty; })) return;
    event.preventDefault();
    event.returnValue = "";
  });
  /* What was typed in the last 300 ms goes with the page unless it is kept now. */
  window.addEventListener("pagehide", function () {
    all("form[data-draft]").forEach(function (form) { if (form.isDirty) keepDraft(form); });
  });
  narrow.addEventListener("change", restSide);

  /* ---------- pages change without a load: go to the new heading ---------- */
  function bare(address) { return address.replace(/\/+$/, ""); }
  function here() { return bare(location.pathname); }
  var path = here();
  /* {top: whether to scroll, loads: whether it has begun to, first: the page was loaded} until it is drawn and has loaded */
  var arriving = { first: true };
  function heading() { return doc.querySelector("main h1") || doc.querySelector("h1"); }
  function depart(isBack) {
    if (here() === path) return;
    path = here();
    arriving = { top: !isBack };
    placed = null;
    awaitErrors = false;
    stopWaiting();
    closeMenus();
    if (narrow.matches) setSide("");
  }
  function arrive() {
    var main = doc.querySelector("main"), title = heading();
    if (!arriving || !title || bare(main.getAttribute("data-path") || path) !== path) return;
    if (arriving.top) window.scrollTo(0, 0);
    arriving.top = false;
    /* While the page loads, which begins a moment after it is drawn, nothing in it takes the focus. */
    var busy = main.getAttribute("aria-busy") === "true";
    arriving.loads = arriving.loads || busy;
    if (busy || !(arriving.loads || arriving.first)) return;
    var first = arriving.first, start = main.querySelector("[data-autofocus]");
    arriving = null;
    if (dialogs.length || doc.activeElement.matches("input, select, textarea")) return;
    /* A page that is there to be typed into is ready for it; a page just loaded else keeps its focus. */
    if (start || first) return focusOn(start);
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
  }
  /* An entry of the history tells also which page it was opened from. */
  ["pushState", "replaceState"].forEach(function (name) {
    var plain = history[name];
    history[name] = function (state, title, address) {
      var from = name === "pushState" ? here() : (history.state || {}).from;
      var answer = plain.call(this, state && from ? Object.assign({}, state, { from: from }) : state, title, address);
      depart(false);
      return answer;
    };
  });
  window.addEventListener("popstate", function () { depart(true); });

  /* ---------- a list comes back as it was left: its place stands behind the # of its history entry ---------- */
  /* React Router need not know: nothing is loaded, and the server reads it when the page is opened again. */
  var placed = null;
  function keepPlace() {
    var marks = all("[data-place]"), main = doc.querySelector("main");
    /* What is drawn while a page loads may be the list as it stood on an earlier visit. */
    if (!marks.length || arriving || (main && main.getAttribute("aria-busy") === "true")) return;
    var told = marks.map(function (mark) { return mark.getAttribute("data-place"); });
    var place = told.filter(function (words, i) { return words && told.indexOf(words) === i; }).join("&");
    if (place === placed) return;
    placed = place;
    if (place === location.hash.slice(1)) return;
    history.replaceState(history.state, "", location.pathname + location.search + (place && "#" + place));
  }
  function fillBar(form) {
    var filters = JSON.parse(form.getAttribute("data-filters") || "{}"), values = {};
    Object.keys(filters).forEach(function (name) { if (filters[name]) values[name] = [filters[name]]; });
    write(form, values);
  }
  /* 返回, and the list's name above the page, lead back to the list as it was left. */
  on("click", function (event) {
    var link = closest(event, "main a[href], .crumbs a[href]"), from = (history.state || {}).from;
    if (!link || !from || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (!link.closest(".crumbs") && link.textContent.trim().slice(0, 2) !== "返回") return;
    if (link.origin !== location.origin || bare(link.pathname) !== from || from === here()) return;
    swallow(event);
    history.back();
  }, true);

  /* A long menu shows where one is, without moving the page. */
  var menuAt = "";
  function showInMenu() {
    var link = doc.querySelector('.side-link[aria-current="page"]');
    if (!link || menuAt === link.pathname) return;
    menuAt = link.pathname;
    var box = link.closest(".side"), over = link.getBoundingClientRect(), within = box.getBoundingClientRect();
    if (over.bottom > within.bottom) box.scrollTop += over.bottom - within.bottom + 60;
    else if (over.top < within.top) box.scrollTop -= within.top - over.top + 60;
  }

  /* ---------- one observer ---------- */
  function scan() {
    sweepDialogs();
    all('[role="dialog"][aria-modal="true"]').forEach(openDialog);
    all("[data-draft-clear]").forEach(clearDraft);
    all("[data-frees]").forEach(function (box) { if (!box.freeSeen) { box.freeSeen = true; applyFree(box); } });
    all("form[data-draft]").forEach(mountDraft);
    all("[data-arith]").forEach(function (line) { if (!line.arithSeen) { line.arithSeen = true; showArith(line); } });
    all("form[data-autosubmit]").forEach(function (form) {
      if (!form.wasSent) HTMLFormElement.prototype.submit.call(form);
      form.wasSent = true;
    });
    all("button[data-wait]").forEach(holdBack);
    focusErrors();
    arrive();
    keepPlace();
    all("form[data-filters]").forEach(function (form) { if (!form.barSeen) { form.barSeen = true; fillBar(form); } });
    showInMenu();
  }
  new MutationObserver(scan).observe(root, {
    childList: true, subtree: true, attributes: true,
    attributeFilter: ["data-version", "data-autosubmit", "data-draft-clear", "data-wait", "data-path", "data-place",
      "data-held", "aria-invalid", "aria-busy"],
  });
  restSide();
  scan();
})();
