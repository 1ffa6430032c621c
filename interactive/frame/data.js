// Data and weights: a file beside this script, fetched when it is first needed, fills in
// window.bookData[name]. A script element works from a folder, too, where `fetch` is forbidden.

const own = document.currentScript.src; // its end, ?v=..., changes with the data, too
const coming = {};

/** The data of a figure, loaded once: load("lstm_unit/data"). */
export function load(name) {
  coming[name] ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL(name + ".js" + new URL(own).search, own);
    script.onload = () => done(window.bookData[name]);
    script.onerror = () => fail(new Error(`${script.src} is missing`));
    document.head.append(script);
  });
  return coming[name];
}
