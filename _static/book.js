// Choosing a framework below one equation shows its lines below all of them, on every page.
(() => {
  const KEY = "book-framework";
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (name) => { try { name ? localStorage.setItem(KEY, name) : localStorage.removeItem(KEY); } catch { /* private window */ } };

  const show = (name) => {
    document.querySelectorAll(".eq-shown-link").forEach((shown) => shown.remove());
    document.querySelectorAll(".eq-link").forEach((link) => {
      const chosen = link.dataset.framework === name;
      link.setAttribute("aria-pressed", String(chosen));
      if (!chosen) return;
      const line = document.createElement("a");
      line.className = "eq-shown-link";
      line.href = link.href;
      line.title = "To this line in its file";
      const code = document.createElement("code");
      code.className = "eq-shown";
      code.textContent = link.querySelector(".eq-line").textContent;
      line.append(code);
      link.parentElement.append(line);
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    const links = document.querySelectorAll(".eq-link");
    links.forEach((link) => {
      link.setAttribute("role", "button");
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        const name = link.getAttribute("aria-pressed") === "true" ? null : link.dataset.framework;
        const before = link.getBoundingClientRect().top;
        remember(name);
        show(name);
        window.scrollBy(0, link.getBoundingClientRect().top - before);
      });
      link.addEventListener("keydown", (event) => {
        if (event.key === " ") { event.preventDefault(); link.click(); }
      });
    });
    if (links.length) show(remembered());
    // A comma after a formula stays on the formula's line.
    document.querySelectorAll("span.math").forEach((formula) => {
      const after = formula.nextSibling;
      const mark = after && after.nodeType === Node.TEXT_NODE && after.data.match(/^[.,;:!?)’”]+/);
      if (!mark) return;
      const box = document.createElement("span");
      box.className = "with-punctuation";
      formula.replaceWith(box);
      box.append(formula, mark[0]);
      after.data = after.data.slice(mark[0].length);
    });
    // A link to something inside a fold opens the fold.
    const open = () => {
      const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
      for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    };
    window.addEventListener("hashchange", open);
    open();
    // The theme takes the focus from these buttons; after a key they get it back.
    document.querySelectorAll(".theme-switch-button, .primary-toggle, .secondary-toggle").forEach((button) => {
      button.addEventListener("click", (event) => { if (event.detail === 0) button.focus(); }, true);
    });
  });

  // What scrolls sideways takes the Tab key, and only that. The page's size changes when a fold
  // opens, when the formulas are set, and when a phone is turned.
  const BOXES = ".bd-article :is(pre, figure, table, mjx-container[display])";
  const scrolls = (box) => box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
  const letScroll = () => document.querySelectorAll(BOXES).forEach((box) => {
    if (scrolls(box)) box.tabIndex = 0; else box.removeAttribute("tabindex");
  });
  window.addEventListener("load", () => {
    const article = document.querySelector(".bd-article");
    if (article) new ResizeObserver(letScroll).observe(article);
  });
})();
