// Data and weights: a file beside this script, fetched when it is first needed, fills in
// window.bookData[name]. A script element works from a folder, too, where `fetch` is forbidden.

const folder = document.currentScript ? new URL(".", document.currentScript.src) : null;
const coming = {};

/** The data of a figure, loaded once: load("lstm_unit/data"). */
export function load(name) {
  coming[name] ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL(`${name}.js`, folder);
    script.onload = () => done(window.bookData[name]);
    script.onerror = () => fail(new Error(`${script.src} is missing`));
    document.head.append(script);
  });
  return coming[name];
}
