import { defineConfig } from "oxlint";

// The rooms of the core, in the direction of the flow: a module imports only from those before it.
const rooms = [
  "TokenError",
  "AccessToken",
  "TokenRequest",
  "ClientAuth",
  "PrivateKeyJwt",
  "MutualTls",
  "TokenResponse",
  "AuthorizationServer",
  "RefreshPolicy",
  "TokenEndpoint",
  "TokenManagement",
  "TokenStore",
  "TokenSource",
  "BearerClient",
  "Definition",
  "Provider",
];

const barrels = {
  paths: ["effect", "effect/http", "effect/crypto", "effect/testing", "@effect/platform-node"].map(
    (name) => ({
      name,
      message: "Import the module, such as effect/Effect: a barrel triples a bundle.",
    }),
  ),
};

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    "no-shadow": "off",
    "import/no-cycle": "error",
    "no-underscore-dangle": "off",
  },
  ignorePatterns: ["**/dist", "coverage"],
  overrides: [
    {
      // A test reads best with its pieces beside it.
      files: ["**/test/**/*.ts"],
      rules: { "unicorn/consistent-function-scoping": "off" },
    },
    {
      files: ["packages/*/src/**/*.ts"],
      rules: { "no-restricted-imports": ["error", barrels] },
    },
    ...rooms.map((room, at) => ({
      files: [`packages/core/src/${room}.ts`],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            ...barrels,
            patterns: [
              {
                group: [...rooms.slice(at), "index"].map((later) => `./${later}.ts`),
                message: `${room} stands before this module: see "Architecture" in the README.`,
              },
            ],
          },
        ] as const,
      },
    })),
    {
      files: ["packages/core/src/internal/*.ts"],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            ...barrels,
            patterns: [
              {
                group: ["../*.ts"],
                allowTypeImports: true,
                message: "internal/ imports nothing of the rooms but types.",
              },
            ],
          },
        ] as const,
      },
    },
  ],
});
