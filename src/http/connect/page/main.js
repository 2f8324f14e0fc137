// The connect page: an end user chooses what to connect, fills in what the provider needs or signs in at its window, and hears
// what became of it. Plain modules, no build; nothing is loaded from elsewhere.
import { openApi, Refused } from "./api.js";
import { make, show } from "./dom.js";
import { planOf } from "./fields.js";
import { createForm } from "./form.js";
import { awaitToken, isFramed, tell, wishes } from "./frame.js";
import { follow, openWindow } from "./popup.js";
import { chooser, connector, drawnButton, failure, loading, success, waiting } from "./steps.js";
import { createTexts } from "./texts.js";
import { applyTheme } from "./theme.js";

const say = createTexts(wishes.lang);

const ENDED = [
  "unknown_connect_session_token",
  "invalid_connect_session_token_format",
  "missing_connect_session_token",
  // A link that was cut short or mistyped: what it holds does not even look like a token of a session.
  "unknown_account",
  "malformed_auth_header",
];

const watermark = [];

const close = () => {
  tell({ type: "close" });
  if (!isFramed) window.close();
};

/** Every step has a way out where somebody else's page is around it, and a way back where there is one. */
const put = (step, { onBack, isBusy } = {}) => {
  const bar = [
    ...(onBack === undefined ? [] : [drawnButton("back", say("back"), onBack)]),
    ...(isFramed ? [drawnButton("close", say("close"), close)] : []),
  ];
  show([...bar, ...step, ...watermark], { isBusy });
};

const showEnded = () => put(failure({ say, title: say("ended"), reason: say("endedHint") }));

/** What people are told; the words of the server where it knows more than we do. */
const reasonOf = ({ code, message }, name) => {
  const known = {
    offline: say("offline"),
    too_many_request: say("tooOften"),
    integration_not_allowed: say("notAllowed"),
    unknown_provider_config: say("notAllowed"),
    connection_test_failed: say("refused", { name }),
    access_denied: say("denied", { name }),
  }[code];
  if (code === "connection_validation_failed" && message !== "") return message;
  return known ?? (message === "" ? say("failed", { name }) : message);
};

const createFlow = (api, session, integrations) => {
  const isAlone = integrations.length === 1;
  const choose = () => put(chooser(integrations, { say, onChoose: open }));
  const onBack = isAlone ? undefined : choose;
  const { email, display_name, id } = session.endUser ?? {};
  const forUser = session.endUser ? [say("forUser", { user: display_name ?? email ?? id })] : [];

  const succeed = (integration, { connectionId, providerConfigKey, isPending = false }) => {
    const name = integration.display_name;
    tell({ type: "connect", payload: { connectionId, providerConfigKey, isPending } });
    const isClosable = isFramed || window.opener !== null;
    const hint = say(isFramed ? "successFramed" : "successHint");
    put(success(name, { say, isPending, hint, onDone: isClosable ? close : undefined }));
  };

  const fail = (integration, error, retry) => {
    tell({ type: "error", payload: { errorType: error.code ?? "unknown_error", errorMessage: error.message } });
    if (ENDED.includes(error.code)) return showEnded();
    const reason = reasonOf(error, integration.display_name);
    put(failure({ say, title: say("failure"), reason, onRetry: retry, onBack }));
  };

  const signIn = (integration, params, again) => {
    const opened = openWindow();
    if (opened === null) {
      const error = new Refused("blocked_by_browser", say("blocked"));
      return fail(integration, error, again);
    }
    const { step, tellClosed } = waiting(integration.display_name, {
      say,
      onRetry: () => {
        stop();
        signIn(integration, params, again);
      },
      onCancel: () => {
        stop();
        again();
      },
    });
    const stop = follow({
      api,
      opened,
      departure: (client) => api.departure(integration.unique_key, params, client),
      onSuccess: ({ provider_config_key, connection_id, is_pending }) =>
        succeed(integration, {
          providerConfigKey: provider_config_key,
          connectionId: connection_id,
          isPending: is_pending,
        }),
      onError: (code, message) => fail(integration, new Refused(code, message), again),
      onClosed: () => {
        tellClosed();
        if (wishes.tellsClosed)
          tell({ type: "error", payload: { errorType: "window_closed", errorMessage: say("closed") } });
      },
    });
    put(step);
  };

  const send = async (integration, plan, { params, credentials }, form, again) => {
    form.setBusy(say("testing", { name: integration.display_name }));
    const body = plan.type === undefined ? credentials : { type: plan.type, ...credentials };
    try {
      succeed(integration, await api.connect(plan.path, integration.unique_key, params, body));
    } catch (error) {
      form.setBusy(undefined);
      const worded = Object.fromEntries(Object.keys(error.fields ?? {}).map((name) => [name, say("wrong")]));
      if (form.mark(worded)) return;
      fail(integration, error, again);
    }
  };

  const ask = (integration, provider, values) => {
    const { unique_key: key, display_name: name } = integration;
    const plan = planOf(provider, {
      defaults: session.integrations_config_defaults?.[key],
      overrides: session.overrides?.[key],
      isReconnecting: session.isReconnecting,
    });
    if (!plan.isSupported)
      return put(failure({ say, title: say("failure"), reason: say("unsupported", { name }), onBack }));
    const form = createForm(plan, {
      say,
      submit: plan.isPopup ? say("connectWith", { name }) : say("submit"),
      values,
      onSubmit: (groups, now) => {
        const again = () => ask(integration, provider, now);
        if (plan.isPopup) signIn(integration, groups.params, again);
        else send(integration, plan, groups, form, again);
      },
    });
    const hint = [
      ...(plan.isPopup ? [say("popupHint", { name })] : []),
      ...(plan.fields.length === 0 && !plan.isPopup ? [say("noneHint", { name })] : []),
      ...(session.isReconnecting && plan.fields.some(({ group }) => group === "params") ? [say("keep")] : []),
      ...forUser,
    ];
    const title = say(session.isReconnecting ? "reconnect" : "connect", { name });
    put(connector(integration, { say, title, form: form.form, help: plan.help, hint }), { onBack });
  };

  const open = async (integration) => {
    put(loading(say), { isBusy: true });
    try {
      ask(integration, await api.provider(integration.provider));
    } catch (error) {
      fail(integration, error, () => open(integration));
    }
  };

  return () => (isAlone ? open(integrations[0]) : choose());
};

const start = async (token) => {
  put(loading(say), { isBusy: true });
  const api = openApi(token);
  try {
    const [session, unsorted] = await Promise.all([api.session(), api.integrations()]);
    const integrations = unsorted.toSorted((one, other) => one.display_name.localeCompare(other.display_name));
    applyTheme(session.connectUISettings, wishes.theme);
    if (session.connectUISettings.showWatermark) watermark.push(make("p", { class: "watermark" }, "Syncline"));
    createFlow(api, session, integrations)();
  } catch (error) {
    if (ENDED.includes(error.code)) return showEnded();
    put(failure({ say, title: say("failure"), reason: reasonOf(error, ""), onRetry: () => start(token) }));
  }
};

if (isFramed) {
  document.documentElement.classList.add("framed");
  addEventListener("keydown", ({ key }) => key === "Escape" && close());
}
put(loading(say), { isBusy: true });
awaitToken(start, showEnded);
