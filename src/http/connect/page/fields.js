// What is asked for a provider, from its entry of the catalogue, and where the answers go.

/** Kinds whose credentials go into a body: where to, and the fields where the entry names none. */
const BODIES = {
  API_KEY: ["api-auth/api-key", { apiKey: "API key" }],
  BASIC: ["api-auth/basic", { username: "User name", password: "Password" }],
  OAUTH2_CC: ["oauth2/auth", { client_id: "Client ID", client_secret: "Client secret" }],
  TBA: ["auth/tba", { token_id: "Token ID", token_secret: "Token secret" }],
  TWO_STEP: ["auth/two-step", {}],
  JWT: ["auth/jwt", {}],
  BILL: [
    "auth/bill",
    { username: "User name", password: "Password", organization_id: "Organization ID", dev_key: "Developer key" },
  ],
  AWS_SIGV4: ["auth/aws-sigv4", { role_arn: "Role ARN" }],
  SIGNATURE: ["auth/signature", { username: "User name", password: "Password" }],
  NONE: ["auth/unauthenticated", {}],
};

const POPUPS = ["OAUTH2", "OAUTH1", "APP", "CUSTOM", "MCP_OAUTH2", "MCP_OAUTH2_GENERIC"];
// The published frontend says so in the body.
const TYPED = ["TWO_STEP", "JWT", "SIGNATURE"];
const SECRET = /secret|password|token|key$/i;
const LONG = /private_?key|certificate/i;

const WEB = /^https?:\/\//i;

const fieldsOf = (given, group, { docs, isOptional = () => false, isLeftOut = () => false }) =>
  Object.entries(given)
    .filter(([name, field]) => !field.automated && !field.hidden && !isLeftOut(name))
    .sort(([, one], [, other]) => (one.order ?? Infinity) - (other.order ?? Infinity) || 0)
    .map(([name, field]) => ({
      name,
      group,
      label: field.title || name,
      hint: field.description ?? "",
      example: field.example === undefined ? undefined : String(field.example),
      pattern: field.pattern,
      choices: field.enum,
      format: field.format,
      value: field.default_value === undefined ? "" : String(field.default_value),
      prefix: field.prefix ?? "",
      suffix: field.suffix ?? "",
      isSecret: field.secret ?? (group === "credentials" && SECRET.test(name)),
      isLong: LONG.test(name),
      isOptional: field.optional === true || isOptional(name),
      when: field.visible_when,
      // A part of the page of the entry, such as "#step-2".
      help: docs !== undefined && field.doc_section?.startsWith("#") ? docs + field.doc_section : undefined,
    }));

const standard = (labels) => Object.fromEntries(Object.entries(labels).map(([name, title]) => [name, { title }]));

/** How a provider is connected: by a window or a body, or not here; with which fields; and where help is. */
export const planOf = (provider, { defaults = {}, overrides = {}, isReconnecting }) => {
  const { auth_mode: mode, connection_config: config = {}, credentials = {} } = provider;
  const isPopup = POPUPS.includes(mode);
  const [path, labels] = BODIES[mode] ?? [];
  const asked = Object.keys(credentials).length > 0 ? credentials : standard(labels ?? {});
  const account = mode === "TBA" && !("accountId" in config) ? { accountId: { title: "Account ID" } } : {};
  // What the app has set already, or a renewed connection has, need not be given.
  const set = defaults.connection_config ?? {};
  // A page that the app names instead has other parts.
  const docs =
    overrides.docs_connect === undefined && WEB.test(provider.docs_connect) ? provider.docs_connect : undefined;
  const ofConfig = fieldsOf({ ...account, ...config }, "params", {
    docs,
    isLeftOut: (name) => name in set,
    isOptional: () => isReconnecting,
  });
  const fields = isPopup ? ofConfig : [...ofConfig, ...fieldsOf(asked, "credentials", { docs })];
  const says = fields.length === 0 || fields.some(({ help }) => help !== undefined) ? "about" : "help";
  const page = [overrides.docs_connect, provider.docs_connect, provider.docs].find((url) => WEB.test(url ?? ""));
  return {
    isPopup,
    path,
    type: TYPED.includes(mode) ? mode : undefined,
    isSupported: isPopup || path !== undefined,
    fields,
    help: page === undefined ? undefined : { href: page, says },
  };
};

const matches = (pattern, value) => {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    return true;
  }
};

/** What somebody pastes whole is taken without what stands around the field. */
export const trimmed = ({ prefix, suffix, isSecret, isLong }, value) => {
  if (isSecret || isLong) return value;
  let text = value.trim();
  if (prefix !== "" && text.startsWith(prefix)) text = text.slice(prefix.length);
  if (suffix !== "" && text.endsWith(suffix)) text = text.slice(0, -suffix.length);
  return text;
};

/** What is wrong with a value, in words; undefined when nothing is. */
export const problemOf = ({ isOptional, choices, pattern, format, example }, value, say) => {
  if (value === "") return isOptional ? undefined : choices ? say("oneOf") : say("required");
  const isAddress = format !== "uri" || (WEB.test(value) && URL.canParse(value));
  if (isAddress && (pattern === undefined || matches(pattern, value))) return undefined;
  return example === undefined ? say("wrong") : say("wrongLike", { example });
};

/** Whether a field is to be filled in, as others are. */
export const isVisible = ({ when }, values) => when === undefined || values[when.field] === when.equals;
