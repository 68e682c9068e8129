// The editor of the floor plan: the tables of the list, drawn, dragged and stretched. The list's fields are what is
// sent; without scripts they are typed.
"use strict";

(() => {
  const form = document.getElementById("e-form");
  if (!form) return;
  const plan = document.getElementById("e-plan");
  const svg = plan.querySelector("svg");
  const said = document.getElementById("e-said");
  const SVG = "http://www.w3.org/2000/svg";
  const shapes = form.dataset.shapes.split(";").filter(Boolean).map((each) => each.split("=")[0]);
  const height = svg.viewBox.baseVal.height;
  const tables = new Map();
  let isChanged = false;
  let dragged = null;
  let drawing = null;
  let rubber = null;
  plan.hidden = false;

  const fields = ["x", "y", "width", "height", "shape", "rotation"];
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const tidy = (value) => Math.round(value * 2) / 2;

  const rowsOfForm = form.querySelectorAll("tr[data-row]");
  for (const row of rowsOfForm) {
    const key = row.dataset.row;
    const inputs = Object.fromEntries(fields.map((name) => [name, form.elements[`${name}-${key}`]]));
    const group = svg.querySelector(`[data-table="${key}"]`);
    tables.set(key, { key, name: row.dataset.name, inputs, group });
    for (const input of Object.values(inputs)) input.addEventListener("input", () => { changed(); draw(tables.get(key)); });
    draw(tables.get(key));
  }

  function placeOf({ inputs }) {
    return { x: Number(inputs.x.value), y: Number(inputs.y.value), width: Number(inputs.width.value), height: Number(inputs.height.value), shape: inputs.shape.value, rotation: Number(inputs.rotation.value) };
  }

  function put(table, change) {
    const place = { ...placeOf(table), ...change };
    place.width = clamp(tidy(place.width), 3, 50);
    place.height = clamp(tidy(place.height), 3, 50);
    place.x = clamp(tidy(place.x), 0, 100 - place.width);
    place.y = clamp(tidy(place.y), 0, Math.max(height, 100) - place.height);
    for (const name of fields) table.inputs[name].value = place[name];
    changed();
    draw(table);
    const where = ["x", "y", "width", "height"].reduce((text, name) => text.replace(`%${name}`, place[name]), form.dataset.said.replace("%table", table.name));
    const others = overlapping(table);
    said.textContent = others.length ? `${where}. ${form.dataset.overlaps.replace("%tables", list.format([table.name, ...others]))}` : where;
    said.dataset.kind = others.length ? "pacing" : "";
  }

  // --- Tables that stand on one another ----------------------------------------------------------------------------

  const list = new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" });

  function corners({ x, y, width, height: tall, rotation }) {
    const [across, down, turn] = [x + width / 2, y + tall / 2, rotation * Math.PI / 180];
    return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([right, low]) => {
      const [dx, dy] = [right * width / 2, low * tall / 2];
      return [across + dx * Math.cos(turn) - dy * Math.sin(turn), down + dx * Math.sin(turn) + dy * Math.cos(turn)];
    });
  }

  // Two rectangles are apart when a line along a side of either runs between them.
  function isApart(one, other) {
    return [one, other].some((box) => [0, 1].some((side) => {
      const axis = [box[side + 1][0] - box[side][0], box[side + 1][1] - box[side][1]];
      const [first, second] = [one, other].map((each) => each.map(([x, y]) => x * axis[0] + y * axis[1]));
      return Math.max(...first) <= Math.min(...second) + 1e-9 || Math.max(...second) <= Math.min(...first) + 1e-9;
    }));
  }

  function overlapping(table) {
    const own = corners(placeOf(table));
    return [...tables.values()].filter((other) => other !== table && !isApart(own, corners(placeOf(other)))).map((other) => other.name);
  }

  function markOverlaps() {
    for (const table of tables.values()) table.group.classList.toggle("is-overlapping", overlapping(table).length > 0);
  }

  function changed() {
    if (!isChanged) said.textContent = form.dataset.unsaved;
    isChanged = true;
  }

  function draw(table) {
    const { x, y, width, height: tall, shape, rotation } = placeOf(table);
    const middle = [x + width / 2, y + tall / 2];
    const make = (name, attributes, text) => {
      const element = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      if (text) element.textContent = text;
      return element;
    };
    const body = shape === "round"
      ? make("ellipse", { cx: middle[0], cy: middle[1], rx: width / 2, ry: tall / 2 })
      : make("rect", { x, y, width, height: tall, rx: shape === "square" ? 0.4 : 0.9 });
    const turned = make("g", { transform: `rotate(${rotation} ${middle[0]} ${middle[1]})` });
    turned.append(body, make("rect", { class: "e-corner", x: x + width - 1.2, y: y + tall - 1.2, width: 1.6, height: 1.6 }));
    if (tables.size === rowsOfForm.length) markOverlaps();
    table.group.replaceChildren(turned, make("text", { class: "f-name", x: middle[0], y: middle[1] + 0.8 }, table.name));
  }

  // --- Mouse and touch ---------------------------------------------------------------------------------------------

  function point(event) {
    const box = svg.getScreenCTM().inverse();
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(box);
  }
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    // A finger that swipes leafs through the plan; one that stays takes hold of what is under it.
    if (event.pointerType === "touch") window.bukaHold(event, () => takeHold(event));
    else { takeHold(event); event.preventDefault(); }
  });

  function takeHold(event) {
    const group = event.target.closest("[data-table]");
    svg.setPointerCapture(event.pointerId);
    if (!group) { drawing = point(event); return; }
    const table = tables.get(group.dataset.table);
    dragged = { table, from: point(event), place: placeOf(table), isCorner: event.target.classList.contains("e-corner") };
    group.classList.add("is-held");
    group.focus({ preventScroll: true });
  }

  function letGo() {
    dragged?.table.group.classList.remove("is-held");
    dragged = null;
  }

  svg.addEventListener("pointermove", (event) => {
    if (drawing) outline(point(event));
    if (!dragged) return;
    const to = point(event);
    const { place, from, table, isCorner } = dragged;
    const [right, down] = [to.x - from.x, to.y - from.y];
    put(table, isCorner ? { width: place.width + right, height: place.height + down } : { x: place.x + right, y: place.y + down });
  });
  svg.addEventListener("pointerup", (event) => { letGo(); if (drawing) drawn(point(event)); });
  svg.addEventListener("pointercancel", () => { letGo(); drawing = null; rubber?.remove(); });

  // --- A new table is drawn where the plan is empty ----------------------------------------------------------------

  function box(to) {
    const [x, y] = [Math.min(drawing.x, to.x), Math.min(drawing.y, to.y)].map((value) => clamp(tidy(value), 0, 97));
    return { x, y, width: clamp(tidy(Math.abs(to.x - drawing.x)), 0, 50), height: clamp(tidy(Math.abs(to.y - drawing.y)), 0, 50) };
  }

  function outline(to) {
    rubber ||= document.createElementNS(SVG, "rect");
    rubber.setAttribute("class", "e-rubber");
    for (const [name, value] of Object.entries(box(to))) rubber.setAttribute(name, value);
    svg.append(rubber);
  }

  function drawn(to) {
    const place = box(to);
    drawing = null;
    rubber?.remove();
    if (place.width < 3 || place.height < 3) return;
    for (const [name, value] of Object.entries(place)) document.getElementById(`new_${name}`).value = value;
    document.getElementById("e-add").open = true;
    document.getElementById("new_name").focus();
  }

  // --- Keys --------------------------------------------------------------------------------------------------------

  svg.addEventListener("keydown", (event) => {
    const group = event.target.closest("[data-table]");
    if (!group || event.ctrlKey || event.metaKey || event.altKey) return;
    const table = tables.get(group.dataset.table);
    const place = placeOf(table);
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step && event.shiftKey) put(table, { width: place.width + step[0], height: place.height + step[1] });
    else if (step) put(table, { x: place.x + step[0], y: place.y + step[1] });
    else if (event.key === "r") put(table, { rotation: place.rotation >= 165 ? -165 : place.rotation + 15 });
    else if (event.key === "s") put(table, { shape: shapes[(shapes.indexOf(place.shape) + 1) % shapes.length] });
    else return;
    event.preventDefault();
  });

  form.addEventListener("submit", () => { isChanged = false; });
  addEventListener("beforeunload", (event) => isChanged && event.preventDefault());
})();
