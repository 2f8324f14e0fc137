// Elements, made without HTML texts: whatever a provider's entry or an answer says stays text.

/** An element with properties (`class`, `for`, `aria-…` and `data-…` as attributes) and children; empty ones are left out. */
export const make = (name, properties = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (key.includes("-") || key === "class" || key === "for" || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat(2).filter((child) => child !== undefined && child !== false && child !== ""));
  return made;
};

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 7v6m0 4h.01",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  out: "M9 6h9v9M18 6L7 17",
};

/** A drawing that says nothing that is not said beside it. */
export const icon = (name) => {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
};

const TINTS = 6;

/** The first letters of a name on a tint of its own, where a logo would stand. */
export const initials = (name, size = "") => {
  const words = name.replace(/\(.*?\)/g, "").match(/[\p{L}\p{N}]+/gu) ?? [name];
  const letters = words.length > 1 ? [...words[0]][0] + [...words[1]][0] : [...words[0]].slice(0, 2).join("");
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  const tint = `tint${sum % TINTS}`;
  return make("span", { class: `initials ${tint} ${size}`, "aria-hidden": "true" }, letters.toUpperCase());
};

/** A link to a page of somebody else's, which opens beside ours. */
export const outward = (href, text, say) =>
  make(
    "a",
    { href, target: "_blank", rel: "noopener noreferrer" },
    text,
    make("span", { class: "unseen" }, ` (${say("newWindow")})`),
  );

/** Say it to who cannot see it. */
export const announce = (text) => {
  document.getElementById("live").textContent = text;
};

/** Put a step on the card, and the focus on its heading: that is where reading goes on. */
export const show = (step, { isBusy = false } = {}) => {
  const card = document.getElementById("card");
  card.setAttribute("aria-busy", String(isBusy));
  card.replaceChildren(...step);
  const heading = card.querySelector("h1");
  if (heading === null) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  document.title = heading.textContent;
  window.scrollTo(0, 0);
};
