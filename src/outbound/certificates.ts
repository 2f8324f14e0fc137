// Connections on which the client shows a certificate (RFC 8705): kept apart from all others, and from each other.
import { createHash } from "node:crypto";
import type { Agent } from "undici";
import type { Credentials } from "../providers/credentials.ts";

/** Both in PEM form. */
export type ClientCertificate = { cert: string; key: string };

// Connections that are idle for seconds are closed by themselves; this bounds what is held of accounts long unused.
const MOST_AGENTS = 50;

const nameOf = ({ cert, key }: ClientCertificate): string =>
  createHash("sha256").update(`${cert}\n${key}`).digest("hex");

/** One agent a certificate, and one for none. The longest unused of more than 50 is closed once its requests are done. */
export const createAgents = (make: (certificate?: ClientCertificate) => Agent) => {
  const plain = make();
  const agents = new Map<string, Agent>();
  const agentFor = (certificate: ClientCertificate | undefined): Agent => {
    if (certificate === undefined) return plain;
    const name = nameOf(certificate);
    const agent = agents.get(name) ?? make(certificate);
    agents.delete(name);
    agents.set(name, agent);
    const [oldest] = agents.keys();
    if (agents.size > MOST_AGENTS && oldest !== undefined) {
      void agents.get(oldest)?.close();
      agents.delete(oldest);
    }
    return agent;
  };
  const close = async (): Promise<void> => {
    await Promise.all([plain, ...agents.values()].map((agent) => agent.close()));
  };
  return { agentFor, close };
};

/** What a connection shows of itself, where it has a certificate. */
export const certificateOf = (credentials: Credentials): { certificate?: ClientCertificate } => {
  if (credentials.type !== "OAUTH2_CC") return {};
  const { client_certificate: cert, client_private_key: key } = credentials;
  return cert === undefined || key === undefined ? {} : { certificate: { cert, key } };
};
