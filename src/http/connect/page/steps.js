// The steps, as elements for the card: each begins with a heading and ends with what can be done.
import { announce, icon, initials, make, outward } from "./dom.js";

const MANY = 6; // from here on one wants to search

const button = (text, onClick, kind = "primary") => {
  const made = make("button", { type: "button", class: kind }, text);
  made.addEventListener("click", onClick);
  return made;
};

/** Something to press that is drawn; its name is for who cannot see it. */
export const drawnButton = (name, text, onClick) => {
  const made = make("button", { type: "button", class: `drawn ${name}`, "aria-label": text, title: text }, icon(name));
  made.addEventListener("click", onClick);
  return made;
};

export const loading = (say) => [
  make("div", { class: "spinner", role: "img", "aria-label": say("loading") }),
  make("p", { class: "quiet centred" }, say("loading"), "…"),
];

const entry = ({ display_name: name }, onChoose) => {
  const made = make(
    "button",
    { type: "button", class: "choice" },
    initials(name),
    make("span", { class: "name" }, name),
    icon("next"),
  );
  made.addEventListener("click", onChoose);
  return make("li", {}, made);
};

/** Choose one of several. */
export const chooser = (integrations, { say, onChoose }) => {
  const heading = [make("h1", {}, say("choose"))];
  if (integrations.length === 0) return [...heading, make("p", { class: "quiet" }, say("nothingToConnect"))];
  const items = integrations.map((one) => ({
    name: one.display_name.toLowerCase(),
    item: entry(one, () => onChoose(one)),
  }));
  const none = make("p", { class: "quiet", hidden: true }, say("nothingFound"));
  const list = make(
    "ul",
    { class: "choices" },
    items.map(({ item }) => item),
  );
  const search = make("input", { id: "search", type: "search", autocomplete: "off", spellcheck: false });
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const { name, item } of items) item.hidden = !name.includes(wanted);
    const count = items.filter(({ item }) => !item.hidden).length;
    none.hidden = count > 0;
    announce(count > 0 ? say("found", { count }) : say("nothingFound"));
  });
  const field = make("div", { class: "field search" }, make("label", { for: "search" }, say("search")), search);
  return [
    ...heading,
    make("p", { class: "quiet" }, say("chooseHint")),
    integrations.length > MANY && field,
    list,
    none,
  ].filter(Boolean);
};

/** The form's step, or that of a single button. */
export const connector = (integration, { say, title, form, help, hint }) => [
  initials(integration.display_name, "large"),
  make("h1", {}, title),
  ...hint.map((text) => make("p", { class: "quiet centred" }, text)),
  form,
  ...(help === undefined
    ? []
    : [make("p", { class: "help" }, outward(help.href, say(help.says, { name: integration.display_name }), say))]),
];

/** While the provider's window is open. `tellClosed` says that it is no more. */
export const waiting = (name, { say, onRetry, onCancel }) => {
  const spinner = make("div", { class: "spinner", "aria-hidden": "true" });
  const heading = make("h1", {}, say("waiting"));
  const hint = make("p", { class: "quiet centred" }, say("waitingHint", { name }));
  const retry = button(say("tryAgain"), onRetry);
  retry.hidden = true;
  const tellClosed = () => {
    spinner.replaceWith(make("div", { class: "badge bad" }, icon("alert")));
    heading.textContent = say("closed");
    hint.textContent = say("closedHint");
    retry.hidden = false;
    announce(`${say("closed")}. ${say("closedHint")}`);
  };
  return { step: [spinner, heading, hint, retry, button(say("cancel"), onCancel, "secondary")], tellClosed };
};

export const success = (name, { say, isPending, onDone, hint }) => [
  make("div", { class: "badge good" }, icon("check")),
  make("h1", {}, say(isPending ? "pending" : "success", { name })),
  make("p", { class: "quiet centred" }, isPending ? say("pendingHint", { name }) : hint),
  ...(onDone === undefined ? [] : [button(say("done"), onDone)]),
];

export const failure = ({ say, title, reason, onRetry, onBack }) => [
  make("div", { class: "badge bad" }, icon("alert")),
  make("h1", {}, title),
  make("p", { class: "centred", role: "alert" }, reason),
  ...(onRetry === undefined ? [] : [button(say("tryAgain"), onRetry)]),
  ...(onBack === undefined ? [] : [button(say("back"), onBack, "secondary")]),
];
