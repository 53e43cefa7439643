import { defineConfig } from "vitest/config";

// Checks of what is built. They need `pnpm build` first, so `pnpm test` leaves them out.
export default defineConfig({
  test: { root: import.meta.dirname, include: ["*.test.ts"], testTimeout: 60_000 },
});
