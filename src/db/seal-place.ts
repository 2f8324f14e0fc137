// Where a sealed payload belongs; bound into the seal, so that a payload copied to another record does not open.

/** The place of a record's payload. */
export const sealPlace = (stream: number, externalId: string): string => `record:${stream}:${externalId}`;
