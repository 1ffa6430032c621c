// Finds pages. BOOK (text.js) has all pages, cut into sections, and the terms that they explain.
// MiniSearch finds and weighs the pages; Stemmer and stopwords are Sphinx's.
"use strict";
window.bookSearch = (() => {
  const ASKING = "what why how when where which who do does did can could should i you we my";
  const WEIGHTS = { title: 6, headings: 3, about: 3, terms: 6, text: 1, code: 0.3 };
  const ORDER = { chapter: 2, appendix: 3, package: 4 };
  const FEW = 3; // chapters
  const SLIP = 0.25; // of the letters of a word

  // Words: cut, without endings, British and American spelling alike.
  const stemmer = new Stemmer();
  const stems = new Map();
  const stem = (word) => {
    const american = word.replace(/is(e[sdr]?|ing|ations?)$/, "iz$1");
    if (!stems.has(word)) stems.set(word, stemmer.stemWord(american));
    return stems.get(word);
  };
  const cut = (text) => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) || [];
  const cutNames = (text) =>
    cut(text).flatMap((word) => (word.includes("_") ? [word, ...word.split("_")] : [word]));
  const telling = (text) => {
    const left_out = [...stopwords, ...ASKING.split(" ")];
    const words = cut(text);
    const rest = words.filter((word) => !left_out.includes(word));
    return rest.length ? rest : words;
  };
  // "back propagation", "back-propagation" and "backpropagation" have one key.
  const key = (words) => words.map(stem).join("");

  // What is looked through. Words without their endings are found as they are; words as they are
  // written help against slips, which may lie in the ending.
  const asIs = (text) => text;
  const pages = new MiniSearch({
    fields: Object.keys(WEIGHTS),
    tokenize: cutNames,
    processTerm: (word) => [...new Set([stem(word), word])],
    searchOptions: {
      boost: WEIGHTS, tokenize: cut, processTerm: stem, prefix: (word) => word.length > 2,
    },
  });
  const slips = { fuzzy: SLIP, processTerm: asIs };
  const termNames = new MiniSearch({
    idField: "name", fields: ["letters"], tokenize: (text) => [text], processTerm: asIs,
  });
  const terms = new Map(); // key: the terms with it, each { names, definition, url }
  const titles = new Map(); // key: the page
  const objects = []; // of Python: { name, page, section }

  const addTerm = (name, term) => {
    const known = key(telling(name));
    if (!termNames.has(name)) termNames.add({ name, letters: telling(name).join("") });
    terms.set(known, [...(terms.get(known) || []), term]);
  };
  const addPage = (page, id) => {
    const column = (number) => page.sections.map((section) => section[number]).join(" ");
    const explained = BOOK.terms.filter((term) => term.url === page.url);
    const { title, about, find } = page;
    const names = [...explained.flatMap((term) => term.names), ...find].join(" ");
    const [headings, text, code] = [1, 2, 3].map(column);
    pages.add({ id, title, headings, about, terms: names, text, code });
    find.forEach((name) => addTerm(name, { names: [name], url: page.url }));
    if (page.kind !== "package") titles.set(key(telling(title)), page);
    page.sections.forEach((section) => {
      const name = section[0].replace("module-", "").toLowerCase();
      if (name.startsWith("rnnbook.")) objects.push({ name, page, section });
    });
  };
  BOOK.terms.forEach((term) => term.names.forEach((name) => addTerm(name, term)));
  BOOK.pages.forEach(addPage);

  // A name of Python: `lstm.forward`, `from_keras`. Without a dot or an underscore it is a word.
  const named = (query) => {
    const name = query.trim().toLowerCase().replace(/\(.*$/, "");
    if (!/^[a-z_][\w.]*[._][\w.]*$/.test(name)) return [];
    return objects.filter((object) => object.name === name || object.name.endsWith(`.${name}`));
  };

  // The terms in the longest runs of words that are terms, and how many words these have.
  const termsIn = (words) => {
    for (let length = words.length; length > 0; length--) {
      const starts = [...words.keys()].slice(0, words.length - length + 1);
      const found = starts.flatMap((k) => terms.get(key(words.slice(k, k + length))) || []);
      if (found.length) return { length, found };
    }
    return { length: 0, found: [] };
  };
  // The term that is spelled most like the words.
  const termLike = (words) => {
    const [nearest] = termNames.search(words.join(""), { fuzzy: SLIP });
    return nearest ? terms.get(key(telling(nearest.id))) : [];
  };
  // What the words are about, and whether that is sure: not one of several words that pages have.
  const about = (words, how) => {
    const { length, found } = termsIn(words);
    if (!found.length && how !== "all") return { sure: true, explained: termLike(words) };
    const sure = length > 1 || length === words.length || how !== "all";
    return { sure, explained: found };
  };

  // Pages with all words; where few chapters have all, with some, too. If no page has all of them:
  // pages with words spelled like them.
  const matching = (words) => {
    const joined = words.slice(1).map((word, k) => [
      ...words.slice(0, k), words[k] + word, ...words.slice(k + 2),
    ]);
    const ways = [words, ...joined].map((queries) => ({ combineWith: "AND", queries }));
    const all = { combineWith: "OR", queries: ways };
    const some = { combineWith: "OR", queries: words };
    const found = pages.search(all).map((result) => ({ ...result, score: 2 * result.score }));
    const chapters = found.filter(({ id }) => BOOK.pages[id].kind === "chapter");
    if (chapters.length >= FEW) return { how: "all", found };
    if (found.length) return { how: "all", found: [...found, ...pages.search(some)] };
    const like = pages.search(all, slips);
    if (like.length) return { how: "like", found: like };
    const rest = pages.search(some, slips);
    return { how: rest.length ? "some" : "none", found: rest };
  };

  // First what bears the name, then what explains the term, then chapters before all else.
  const search = (query) => {
    const words = telling(query);
    const { how, found } = matching(words);
    const { sure, explained } = about(words, how);
    const title = titles.get(key(words));
    const explains = (page) => explained.some((term) => term.url === page.url);
    const isFirst = (page) => page === title || (sure && explains(page));

    const results = new Map();
    const add = (page, result) => results.has(page) || results.set(page, { page, ...result });
    named(query).forEach(({ page, section }) => {
      add(page, { section, rank: 0, score: 0, found: [] });
    });
    found.forEach(({ id, score, queryTerms, match }) => {
      const page = BOOK.pages[id];
      const exact = queryTerms.filter((term) => term in match);
      add(page, {
        rank: isFirst(page) ? 1 : ORDER[page.kind],
        score: explains(page) ? 2 * score : score,
        found: exact.length ? exact : Object.keys(match),
      });
    });
    BOOK.pages.filter(isFirst).forEach((page) => {
      add(page, { rank: 1, score: 0, found: words.map(stem) });
    });
    const sorted = [...results.values()].sort((a, b) => a.rank - b.rank || b.score - a.score);
    const term = sure ? explained.find((one) => one.definition) : undefined;
    return { how: sorted.length ? how : "none", results: sorted, term };
  };

  // The section of a page that has most of the words, in its heading before its text.
  const bestSection = ({ page, found }) => {
    const has = (text) => {
      const here = new Set(cutNames(text).flatMap((word) => [word, stem(word)]));
      return found.filter((word) => here.has(word)).length;
    };
    const worth = ([, heading, text, code]) => 4 * has(heading) + 2 * has(text) + has(code);
    return page.sections.reduce((best, next) => (worth(next) > worth(best) ? next : best));
  };

  const isWord = (piece) => cut(piece).length > 0;
  const isFound = (piece, found) =>
    cutNames(piece).some((word) => found.includes(stem(word)) || found.includes(word));
  return { search, bestSection, isWord, isFound };
})();
