// The API of the server that the settings name.
import { readConfig } from "../config.ts";
import { type Api, createApi } from "./api.ts";

/** The server of SYNCLINE_URL with the key of SYNCLINE_API_KEY. */
export const serverApi = (): Api => {
  const { serverUrl: url, serverKey: key } = readConfig();
  return createApi({ url, key });
};
