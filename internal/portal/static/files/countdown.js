// Counts down to the opening of a click day on the page that is shown while the
// portal rests. It asks nobody: the target stands in the page, and the portal's
// clock in the one answer that brought it. The text beside it says the same
// without this script.
(function () {
  "use strict";
  const box = document.querySelector("[data-countdown]");
  const target = Number(box && box.dataset.countdown);
  if (!target) { return; }
  // How far the portal's clock is before this one; 0 if the page came from a cache.
  function offset() {
    const nav = performance.getEntriesByType("navigation")[0];
    const now = nav && (nav.serverTiming || []).find((t) => t.name === "now");
    if (!now || !nav.transferSize) { return 0; }
    const theirs = Number(now.description);
    return theirs ? theirs - (performance.timeOrigin + (nav.requestStart + nav.responseStart) / 2) : 0;
  }
  const ahead = offset(), text = box.firstElementChild;
  const two = (n) => String(n).padStart(2, "0");
  function show() {
    const left = Math.max(0, Math.ceil((target - performance.timeOrigin - performance.now() - ahead) / 1000));
    text.textContent = two(Math.floor(left / 3600)) + ":" + two(Math.floor(left / 60) % 60) + ":" + two(left % 60);
    box.hidden = left === 0;
    if (left > 0) { setTimeout(show, 1000 - ((performance.now() + performance.timeOrigin + ahead) % 1000) + 5); }
  }
  show();
})();
