// Shows what is found (find.js): the definition of a term, and pages with a few lines of each.
"use strict";
(() => {
  const { search, bestSection, isWord, isFound } = window.bookSearch;
  const SHOWN = 12;
  const EXCERPT = 220; // characters
  const NOTES = {
    all: "",
    like: " No page has exactly these words; these have words spelled like them.",
    some: " No page has all of these words; these have some.",
  };

  const make = (tag, name, ...content) => {
    const element = document.createElement(tag);
    element.className = name;
    element.append(...content);
    return element;
  };
  const link = (url, text) => {
    const element = make("a", "", text);
    element.href = url;
    return element;
  };

  // A few lines around the first of the words, which are marked; or the first lines.
  const excerpt = (text, found) => {
    const pieces = text.split(/([\p{L}\p{N}_]+)/u);
    const first = pieces.findIndex((piece) => isFound(piece, found));
    const middle = pieces.slice(0, Math.max(0, first)).join("").length;
    const lines = [];
    let place = 0;
    for (const piece of pieces) {
      const isNear = place > middle - EXCERPT / 3 && place < middle + EXCERPT;
      if (isNear && (lines.length || isWord(piece))) {
        if (!lines.length && place > 0) lines.push("… ");
        lines.push(isFound(piece, found) ? make("mark", "", piece) : piece);
      }
      place += piece.length;
    }
    return place > middle + EXCERPT ? [...lines, " …"] : lines;
  };

  const entry = (result) => {
    const { page, found } = result;
    const section = result.section || bestSection(result);
    const [anchor, heading, text] = section;
    const title = make("p", "search-title", link(page.url, page.title));
    if (page.part) title.append(" ", make("span", "search-part", page.part));
    const item = make("li", "", title);
    if (page.about) item.append(make("p", "search-about", page.about));
    const place = make("p", "search-section");
    const hasWords = text.split(" ").some((word) => isFound(word, found));
    if (hasWords || result.section || !page.about) place.append(...excerpt(text, found));
    if (result.section || section !== page.sections[0]) {
      place.prepend(link(`${page.url}#${anchor}`, heading), " ");
    }
    if (place.hasChildNodes()) item.append(place);
    return item;
  };

  const list = (results) => {
    const entries = make("ol", "search-list", ...results.slice(0, SHOWN).map(entry));
    if (results.length <= SHOWN) return [entries];
    const more = make("button", "search-more", `Show ${results.length - SHOWN} more`);
    more.type = "button";
    more.addEventListener("click", () => {
      const rest = results.slice(SHOWN).map(entry);
      entries.append(...rest);
      more.remove();
      rest[0].querySelector("a").focus();
    });
    return [entries, more];
  };

  const definition = (term) => {
    const page = BOOK.pages.find(({ url }) => url === term.url);
    const names = make("strong", "", term.names.join(", "));
    const text = make("p", "", names, `: ${term.definition} See `, link(page.url, page.title), ".");
    return make("div", "search-definition", text);
  };

  const nothing = (query) =>
    make(
      "p", "search-count",
      `Nothing was found for “${query}”. Try one word of it, or another word for it. The `,
      link("chapters/appendix/glossary.html", "glossary"), " lists the terms of this book, the ",
      link("genindex.html", "index"), " all functions of the package.",
    );

  const show = (query) => {
    const place = document.getElementById("search-results");
    if (!query.trim()) return place.replaceChildren();
    const { how, results, term } = search(query);
    if (how === "none") return place.replaceChildren(nothing(query));
    const count = results.length === 1 ? "1 page." : `${results.length} pages.`;
    const note = make("p", "search-count", count + NOTES[how]);
    place.replaceChildren(...(term ? [definition(term)] : []), note, ...list(results));
  };

  const field = document.querySelector(".bd-search-container input[name=q]");
  field.value = new URLSearchParams(location.search).get("q") || "";
  show(field.value);
  field.focus();
  field.select();
  let pause;
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      history.replaceState(null, "", `?q=${encodeURIComponent(field.value)}`);
      show(field.value);
    }, 150);
  });
})();
