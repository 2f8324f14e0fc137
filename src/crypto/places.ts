// What seals are bound to besides their key: a sealed value copied to another row does not open.

/** The place of a connection's credentials. */
export const credentialsPlace = (environment: number, integration: string, connection: string): string =>
  `credentials:${environment}:${integration}:${connection}`;

/** The place of an integration's client credentials. */
export const integrationPlace = (environment: number, uniqueKey: string): string =>
  `integration:${environment}:${uniqueKey}`;

/** The place of what a provider's entry asks of an integration. */
export const integrationConfigPlace = (environment: number, uniqueKey: string): string =>
  `integration-config:${environment}:${uniqueKey}`;

/** The place of the key that signs an environment's webhooks. */
export const signingKeyPlace = (environment: number): string => `signing-key:${environment}`;

/** The place of a variable of an environment. */
export const environmentVariablePlace = (environment: number, name: string): string =>
  `variable:${environment}:${name}`;

/** The place of what an asynchronous action is given. */
export const actionInputPlace = (uid: string): string => `action-input:${uid}`;

/** The place of how an action ended. */
export const actionOutcomePlace = (uid: string): string => `action-outcome:${uid}`;

/** The place of what came of deploying or trying out a single function. */
export const functionJobPlace = (environment: number, job: string): string => `function-job:${environment}:${job}`;

/** The place of what an integration's webhooks are signed with. */
export const webhookSecretPlace = (environment: number, uniqueKey: string): string =>
  `webhook-secret:${environment}:${uniqueKey}`;

/** The place of a webhook as the provider sent it. */
export const inboxPlace = (uid: string): string => `inbox:${uid}`;

/** The place of what an end user's way to a provider and back needs; `state` is the SHA-256 of its state, in hex. */
export const oauthFlowPlace = (environment: number, state: string): string => `oauth-flow:${environment}:${state}`;
