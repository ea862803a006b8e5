// Waiting page only: look again every 2 s for 2 minutes, then show that the page has stopped.
(() => {
  const LOOK_MS = 2000;
  const LOOKS_MAX = 60;
  let looks = 0;
  const show = (main, page) => {
    const fresh = page.querySelector("main");
    if (!fresh || fresh.outerHTML === main.outerHTML) return;
    main.replaceWith(fresh);
    document.title = page.title;
    fresh.tabIndex = -1;
    fresh.focus({ preventScroll: true });
  };
  const look = async () => {
    const main = document.querySelector("main[data-stopped]");
    if (!main) return;
    looks += 1;
    const last = looks >= LOOKS_MAX;
    try {
      const answer = await fetch(last ? main.dataset.stopped : location.href, { cache: "no-store" });
      if (answer.ok) {
        show(main, new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      // A lost connection is no verdict: the next look asks again.
    }
    if (!last) setTimeout(look, LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
})();
