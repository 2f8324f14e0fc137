// Run once around all test files by `node --test --test-global-setup`: they find the server by two variables.
import { startTestServer, type TestServer } from "./server.ts";

let server: TestServer | undefined;

export const globalSetup = async (): Promise<void> => {
  server = await startTestServer(process.env.SYNCLINE_TEST_DATABASE_URL);
  process.env.SYNCLINE_TEST_SERVER = server.url;
  process.env.SYNCLINE_TEST_TEMPLATE = server.template;
};

export const globalTeardown = async (): Promise<void> => {
  await server?.stop();
};
