/* Runs before anything else, in the oldest kernels too, hence this old style: whoever cannot run the site
   (IE and its 兼容模式, very old Chromium) is sent to a page that can be read there (manual 1.1). */
(function () {
  var able = !document.documentMode && "noModule" in document.createElement("script") &&
    typeof Promise === "function" && typeof window.fetch === "function" && typeof Object.hasOwn === "function";
  if (!able && location.pathname !== "/old-browser.html") {
    location.replace("/old-browser.html");
  }
})();
