// Drawing with D3: a picture as wide as its figure, and parts that several figures draw.

/** An SVG that fills the width of its figure. It is a picture: what it shows also stands in text. */
export function picture(label) {
  return d3.create("svg").attr("role", "img").attr("aria-label", label).attr("class", "live-picture");
}

export function resize(svg, width, height) {
  return svg.attr("width", width).attr("height", height).attr("viewBox", `0 0 ${width} ${height}`);
}

/** One element for each item, made once and then only changed: its class names it within its parent. */
export function each(svg, tag, name, items) {
  return svg.selectAll(`:scope > ${tag}.${name}`).data(items).join(tag).attr("class", name);
}

/** A group that stands once in its parent, in the order of the first calls. */
export function layer(svg, name) {
  return svg.selectAll(`:scope > g.${name}`).data([null]).join("g").attr("class", name);
}

/** Axes at the bottom and the left of a box, with their names and a grid. */
export function axes(svg, { x, y, xTicks, yTicks, xName, yName, xFormat, yFormat }) {
  const [left, right] = x.range();
  const [bottom, top] = y.range();
  const below = d3.axisBottom(x).tickSizeInner(top - bottom).tickSizeOuter(0).tickPadding(6);
  const beside = d3.axisLeft(y).tickSizeInner(left - right).tickSizeOuter(0).tickPadding(6);
  if (Array.isArray(xTicks)) below.tickValues(xTicks); else below.ticks(xTicks);
  if (Array.isArray(yTicks)) beside.tickValues(yTicks); else beside.ticks(yTicks);
  if (xFormat) below.tickFormat(xFormat);
  if (yFormat) beside.tickFormat(yFormat);
  layer(svg, "live-axis-x").classed("live-axis", true).attr("transform", `translate(0,${bottom})`).call(below);
  layer(svg, "live-axis-y").classed("live-axis", true).attr("transform", `translate(${left},0)`).call(beside);
  each(svg, "text", "live-axis-name", [
    { text: xName, x: (left + right) / 2, y: bottom + 34, anchor: "middle" },
    { text: yName, x: left - 4, y: top - 10, anchor: "start" },
  ]).attr("x", (d) => d.x).attr("y", (d) => d.y).attr("text-anchor", (d) => d.anchor).text((d) => d.text);
}

/** A layer that shows nothing outside its box. */
export function clipped(svg, [left, right], [bottom, top]) {
  const inside = svg.selectAll(":scope > svg").data([null]).join("svg");
  const [width, height] = [right - left, bottom - top];
  return inside.attr("x", left).attr("y", top).attr("width", width).attr("height", height)
    .attr("viewBox", `${left} ${top} ${width} ${height}`);
}

/** The path through points [[x, y], ...]. */
export const through = (points) => points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(2)},${y.toFixed(2)}`).join("");

/** A legend: { class: text }, each with a mark drawn as that class is. */
export function legend(entries) {
  const list = d3.create("ul").attr("class", "live-legend");
  for (const [name, text] of Object.entries(entries)) {
    const item = list.append("li");
    const mark = item.append("svg").attr("width", 22).attr("height", 10).attr("aria-hidden", "true");
    mark.append("path").attr("class", `${name} live-key-line`).attr("d", "M1,5H21");
    mark.append("circle").attr("class", `${name} live-key-dot`).attr("cx", 11).attr("cy", 5).attr("r", 2.6);
    item.append("span").text(text);
  }
  return list.node();
}
