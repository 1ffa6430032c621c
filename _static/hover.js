// A card with what a link leads to: a definition, a reference, a statement, an equation, a figure.
// It opens on pointing, on keyboard focus and on the first tap; a second tap follows the link.
(() => {
  const HEADER = 60; // pixels at the top that the page's header covers
  const card = document.createElement("div");
  let shown = null; // the link whose card is open
  let timer = 0;
  let touched = false; // whether the last pointer was a finger

  const paragraph = (text) => Object.assign(document.createElement("p"), { textContent: text });

  const copy = (node) => {
    const twin = node.cloneNode(true);
    [twin, ...twin.querySelectorAll("[id]")].forEach((part) => part.removeAttribute("id"));
    return twin;
  };

  const definition = (link) => {
    const parts = [paragraph(link.dataset.card)];
    if (link.dataset.see) {
      const see = Object.assign(document.createElement("a"), { href: link.dataset.see, textContent: link.dataset.page });
      const line = paragraph("More: ");
      line.append(see);
      parts.push(line);
    }
    return parts;
  };

  const formula = (link) => {
    const box = Object.assign(paragraph(`\\[${link.dataset.tex}\\]`), { className: "math" });
    if (window.MathJax && MathJax.typesetPromise) {
      MathJax.typesetPromise([box]).then(() => link === shown && place(link), () => {});
    }
    return [box];
  };

  const target = (link) => {
    const hash = link.getAttribute("href");
    const found = hash.startsWith("#") && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (!found || link.classList.contains("headerlink")) return [];
    const pictures = [...found.querySelectorAll("img")].filter((image) => image.getClientRects().length);
    const seen = hash.startsWith("#equation-") ? found.querySelectorAll("mjx-container") : hash.startsWith("#fig-") ? pictures : [];
    return [...seen].slice(0, 1).map(copy);
  };

  const content = (link) => {
    if (link.dataset.card) return definition(link);
    return link.dataset.tex ? formula(link) : target(link);
  };

  const place = (link) => {
    const line = link.getClientRects()[0]; // of a link on two lines the first
    const box = card.offsetParent.getBoundingClientRect();
    const left = Math.min(line.left, document.documentElement.clientWidth - card.offsetWidth - 16);
    const below = line.bottom + 6;
    const fits = below + card.offsetHeight < window.innerHeight || line.top - HEADER < card.offsetHeight;
    card.style.left = `${Math.max(16, left) - box.left}px`;
    card.style.top = `${(fits ? below : line.top - card.offsetHeight - 6) - box.top}px`;
  };

  const close = () => {
    clearTimeout(timer);
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
    card.remove();
  };

  const open = (link) => {
    clearTimeout(timer);
    if (link === shown) return;
    close();
    const parts = content(link);
    if (!parts.length) return;
    shown = link;
    card.classList.toggle("wide", !link.dataset.card);
    card.replaceChildren(...parts);
    document.querySelector(".bd-article").append(card);
    link.setAttribute("aria-describedby", card.id);
    place(link);
    card.querySelectorAll("img").forEach((image) => image.decode().then(() => link === shown && place(link), () => {}));
  };

  const later = (action, milliseconds) => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };

  const SHOWS = "[data-card], [data-tex], a[href^='#equation-'], a[href^='#fig-']";
  const linkAt = (event) => event.target.closest && event.target.closest(SHOWS);

  const listen = (article) => {
    article.addEventListener("pointerdown", (event) => (touched = event.pointerType === "touch"));
    article.addEventListener("pointerover", (event) => {
      if (event.pointerType === "touch") return;
      const link = linkAt(event);
      if (link) later(() => open(link), 120);
      else if (card.contains(event.target)) clearTimeout(timer);
      else if (shown) later(close, 250); // time to move into the card
      else clearTimeout(timer);
    });
    article.addEventListener("pointerleave", () => later(close, 250));
    article.addEventListener("focusin", (event) => {
      const link = linkAt(event);
      if (link && link.matches(":focus-visible") && !touched) open(link);
    });
    article.addEventListener("focusout", () => later(close, 250));
    article.addEventListener("click", (event) => {
      const link = linkAt(event);
      if (!link || !touched || link === shown) return;
      open(link);
      if (link === shown) event.preventDefault();
    });
    document.addEventListener("keydown", (event) => event.key === "Escape" && close());
    document.addEventListener("pointerdown", (event) => {
      if (shown && !card.contains(event.target) && !shown.contains(event.target)) close();
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    const article = document.querySelector(".bd-article");
    if (!article) return;
    card.className = "hover-card";
    card.id = "hover-card";
    card.setAttribute("role", "tooltip");
    // The card takes the place of the browser's own tooltip, which keyboards and fingers can't reach.
    article.querySelectorAll("a.term[title], a[href*='bibliography.html#'][title], a[href*='article.html#'][title]").forEach((link) => {
      link.dataset.card = link.title;
      link.removeAttribute("title");
    });
    listen(article);
  });
})();
