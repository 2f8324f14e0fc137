// The provider's window. It is opened within the click, as browsers let no other window through; what came of it is told by
// the server over a WebSocket, never by the window itself, which may be at anybody's page.
const WIDTH = 520;
const HEIGHT = 680;
const LOOK_MS = 500;

/** Open the window, empty; null when the browser does not let us. Whoever is there later has no hold on this page. */
export const openWindow = () => {
  const left = Math.max(0, (window.screen.width - WIDTH) / 2);
  const top = Math.max(0, (window.screen.height - HEIGHT) / 2);
  const features = `popup,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`;
  const opened = window.open("", "_blank", features);
  if (opened === null || opened.closed) return null;
  opened.opener = null;
  return opened;
};

/**
 * Send the window off and wait. `onClosed` is told when it seems to be closed, which some providers make it look like: the
 * answer may still come. `stop` ends the waiting.
 */
export const follow = ({ api, opened, departure, onSuccess, onError, onClosed }) => {
  const socket = api.socket();
  let isOver = false;
  const look = setInterval(() => {
    if (!opened.closed) return;
    clearInterval(look);
    if (!isOver) onClosed();
  }, LOOK_MS);
  const stop = () => {
    isOver = true;
    clearInterval(look);
    socket.close();
    opened.close();
  };
  const end = (tell) => {
    if (isOver) return;
    stop();
    tell();
  };
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.message_type === "connection_ack") opened.location = departure(message.ws_client_id);
    if (message.message_type === "success") end(() => onSuccess(message));
    if (message.message_type === "error") end(() => onError(message.error_type, message.error_desc));
  });
  socket.addEventListener("close", () => end(() => onError("offline", "")));
  return stop;
};
