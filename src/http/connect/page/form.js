// The form for a provider's fields. Each has a label, and what is said of it is tied to it; wrong ones are marked and the first
// gets the focus.
import { announce, icon, make, outward } from "./dom.js";
import { isVisible, problemOf, trimmed } from "./fields.js";

const optionsOf = ({ choices, value }, say) => [
  make("option", { value: "", textContent: say("pick") }),
  ...choices.map((choice) => make("option", { value: choice, textContent: choice, selected: choice === value })),
];

const controlOf = (field, id, say) => {
  const { name, choices, isSecret, isLong, isOptional, format, value } = field;
  const shared = { id, name, required: !isOptional };
  if (choices !== undefined) return make("select", shared, optionsOf(field, say));
  const plain = { ...shared, value, autocomplete: "off", spellcheck: false, autocapitalize: "off" };
  if (isLong) return make("textarea", { ...plain, rows: 5 });
  const inputMode = format === "uri" ? "url" : format === "email" ? "email" : "text";
  return make("input", { ...plain, inputMode, type: isSecret ? "password" : "text" });
};

const reveal = (control, label, say) => {
  const button = make("button", { type: "button", class: "reveal", "aria-label": `${say("reveal")}: ${label}` });
  const set = (isShown) => {
    control.type = isShown ? "text" : "password";
    button.textContent = say(isShown ? "conceal" : "reveal");
    button.setAttribute("aria-label", `${say(isShown ? "conceal" : "reveal")}: ${label}`);
  };
  button.addEventListener("click", () => set(control.type === "password"));
  set(false);
  return button;
};

/** One field: its row, and ways to read and mark it. */
const rowOf = (field, index, say) => {
  const id = `field-${index}`;
  const { label, hint, example, prefix, suffix, isSecret, isLong, isOptional, choices, help } = field;
  const control = controlOf(field, id, say);
  const ids = [];
  const described = (kind, ...children) => {
    ids.push(`${id}-${kind}`);
    return make(kind === "hint" ? "p" : "span", { id: `${id}-${kind}`, class: kind }, children);
  };
  const before = prefix !== "" && described("prefix", prefix);
  const after = suffix !== "" && described("suffix", suffix);
  const instance = example !== undefined && choices === undefined && say("example", { example });
  const says = [hint, instance].filter(Boolean).map((text) => make("span", { class: "line" }, text, " "));
  const note = says.length > 0 && described("hint", says);
  const error = make("p", { id: `${id}-error`, class: "error", hidden: true });
  const mark = (problem) => {
    error.hidden = problem === undefined;
    error.textContent = problem ?? "";
    control.setAttribute("aria-invalid", String(problem !== undefined));
    control.setAttribute("aria-describedby", [...ids, ...(problem === undefined ? [] : [error.id])].join(" "));
  };
  if (ids.length > 0) control.setAttribute("aria-describedby", ids.join(" "));
  const row = make(
    "div",
    { class: "field" },
    make("label", { for: id }, label, isOptional && make("span", { class: "optional" }, ` (${say("optional")})`)),
    note,
    help !== undefined && make("p", { class: "hint" }, outward(help, say("help"), say)),
    make("div", { class: "control" }, before, control, after, isSecret && !isLong && reveal(control, label, say)),
    error,
  );
  return { field, row, control, mark, read: () => trimmed(field, control.value) };
};

/** The form. `onSubmit` gets the values by group; `mark` shows what the server found wrong, and says whether it knew the fields. */
export const createForm = (plan, { say, submit, onSubmit, values = {} }) => {
  const rows = plan.fields.map((field, index) => rowOf(field, index, say));
  const button = make("button", { type: "submit", class: "primary" }, submit, plan.isPopup && icon("out"));
  const summary = make("p", { class: "error summary", role: "alert", hidden: true });
  const form = make(
    "form",
    { noValidate: true },
    summary,
    rows.map(({ row }) => row),
    button,
  );
  for (const { field, control } of rows) if (values[field.name] !== undefined) control.value = values[field.name];

  const read = () => Object.fromEntries(rows.map(({ field, read: value }) => [field.name, value()]));
  const arrange = () => {
    const now = read();
    for (const { field, row } of rows) row.hidden = !isVisible(field, now);
  };
  const visible = () => rows.filter(({ row }) => !row.hidden);
  const mark = (problems) => {
    for (const { field, mark: markOne } of rows) markOne(problems[field.name]);
    const first = visible().find(({ field }) => problems[field.name] !== undefined);
    summary.hidden = first === undefined;
    summary.textContent = first === undefined ? "" : say("checkFields");
    first?.control.focus();
    return first !== undefined;
  };
  form.addEventListener("input", arrange);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    const now = read();
    const problems = visible().map(({ field }) => [field.name, problemOf(field, now[field.name], say)]);
    if (mark(Object.fromEntries(problems))) return;
    const groups = { params: {}, credentials: {} };
    for (const { field } of visible()) if (now[field.name] !== "") groups[field.group][field.name] = now[field.name];
    onSubmit(groups, now);
  });
  const setBusy = (text) => {
    button.setAttribute("aria-disabled", String(text !== undefined));
    button.classList.toggle("busy", text !== undefined);
    button.replaceChildren(text ?? submit, ...(plan.isPopup && text === undefined ? [icon("out")] : []));
    if (text !== undefined) announce(text);
  };
  arrange();
  return { form, mark, setBusy };
};
