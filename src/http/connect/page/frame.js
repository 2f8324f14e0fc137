// Where the session's token comes from: our own address, or the page that opened us in a frame, which hears what becomes of it.
const address = new URL(location.href);

/** True within a page of the app. */
export const isFramed = window.parent !== window;

/** What the opener wishes: texts in a language, a theme, to hear of closed windows. Other servers are not asked. */
export const wishes = {
  lang: address.searchParams.get("lang"),
  theme: address.searchParams.get("theme"),
  tellsClosed: address.searchParams.get("detectClosedAuthWindow") === "true",
};

let parentOrigin;

/** Tell the page that opened us; nobody when there is none. Nothing but `ready` and `close` is told before it has shown itself. */
export const tell = (message) => {
  if (!isFramed) return;
  if (parentOrigin !== undefined) window.parent.postMessage(message, parentOrigin);
  else if (message.type === "ready" || message.type === "close") window.parent.postMessage(message, "*");
};

/** Calls `onToken` with the token, once it is there; it does not stay in the address. */
export const awaitToken = (onToken, onMissing) => {
  const token = address.searchParams.get("session_token");
  if (token !== null) {
    address.searchParams.delete("session_token");
    history.replaceState(null, "", address);
    onToken(token);
    return;
  }
  if (!isFramed) {
    onMissing();
    return;
  }
  window.addEventListener("message", ({ source, origin, data }) => {
    if (source !== window.parent || data?.type !== "session_token" || typeof data.sessionToken !== "string") return;
    parentOrigin = origin;
    onToken(data.sessionToken);
  });
  tell({ type: "ready" });
};
