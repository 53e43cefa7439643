import type { Adapter, AdapterPayload } from "oidc-provider";

/** Maximum number of entries of one kind. */
const capacity = 100_000;

/** Memory of oidc-provider: tokens, used assertion ids and pushed requests. */
export interface OidcStore {
  readonly adapter: (kind: string) => Adapter;
  readonly has: (kind: string, id: string) => boolean;
  readonly clear: (kind: string) => void;
}

/** Makes an empty store. oidc-provider's own store prints warnings to the console. */
export const make = (): OidcStore => {
  const kinds = new Map<
    string,
    Map<string, { readonly payload: AdapterPayload; readonly expiresAt: number }>
  >();

  const entriesOf = (kind: string) => {
    let entries = kinds.get(kind);
    if (entries === undefined) kinds.set(kind, (entries = new Map()));
    return entries;
  };

  const find = (kind: string, matches: (payload: AdapterPayload, id: string) => boolean) => {
    for (const [id, entry] of entriesOf(kind)) {
      if (entry.expiresAt > Date.now() && matches(entry.payload, id)) return entry.payload;
    }
    return undefined;
  };

  const get = (kind: string, id: string) => {
    const entry = entriesOf(kind).get(id);
    return entry === undefined || entry.expiresAt <= Date.now() ? undefined : entry.payload;
  };

  return {
    has: (kind, id) => get(kind, id) !== undefined,
    clear: (kind) => entriesOf(kind).clear(),
    adapter: (kind) => ({
      upsert: async (id, payload, expiresIn) => {
        const entries = entriesOf(kind);
        entries.set(id, {
          payload,
          expiresAt: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000,
        });
        if (entries.size > capacity) entries.delete(entries.keys().next().value ?? id);
      },
      find: async (id) => get(kind, id),
      findByUid: async (uid) => find(kind, (payload) => payload.uid === uid),
      findByUserCode: async (userCode) => find(kind, (payload) => payload.userCode === userCode),
      consume: async (id) => {
        const payload = get(kind, id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => void entriesOf(kind).delete(id),
      revokeByGrantId: async (grantId) => {
        for (const [id, { payload }] of entriesOf(kind))
          if (payload.grantId === grantId) entriesOf(kind).delete(id);
      },
    }),
  };
};
