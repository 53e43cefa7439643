import { defineConfig } from "oxlint";

// The public modules of the core in the direction of the flow: each imports only from those before it.
const order = [
  "TokenError",
  "AccessToken",
  "TokenRequest",
  "Secret",
  "MutualTls",
  "ClientAuth",
  "Jws",
  "PrivateKeyJwt",
  "Grant",
  "Authorization",
  "RefreshPolicy",
  "Options",
  "TokenStore",
  "TokenStatus",
  "Definition",
  "Provider",
  "names",
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
    // type-only circles count too
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "no-underscore-dangle": "off",
  },
  ignorePatterns: ["**/dist", "coverage", "api"],
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
    ...order.map((module, at) => ({
      files: [`packages/core/src/${module}.ts`],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            ...barrels,
            patterns: [
              {
                group: [...order.slice(at), "index"].map((later) => `./${later}.ts`),
                message: `${module} comes before this module: see "order" in oxlint.config.ts.`,
              },
            ],
          },
        ] as const,
      },
    })),
    {
      files: ["packages/core/src/internal/**/*.ts"],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            ...barrels,
            patterns: [
              {
                group: ["Provider", "names", "index"].flatMap((module) => [
                  `../${module}.ts`,
                  `../../${module}.ts`,
                ]),
                message: "The public Provider uses internal modules, not the other way round.",
              },
            ],
          },
        ] as const,
      },
    },
  ],
});
