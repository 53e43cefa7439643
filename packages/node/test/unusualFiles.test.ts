import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Fs from "node:fs/promises";
import * as Path from "node:path";
import * as Pki from "./fixtures/pki.ts";

const thumbprint = (options: NodeMutualTls.PemOptions) =>
  Effect.map(
    Layer.build(NodeMutualTls.layerPem({ ...options, watch: false })),
    (context) => Context.get(context, MutualTls.MutualTls).currentUnsafe().thumbprint,
  );

describe("unusual certificates", () => {
  const forms: Readonly<Record<string, (pem: string) => string>> = {
    "before a line of dashes": (pem) => `${pem}----------\n`,
    "before a line of dashes without a line end": (pem) => `${pem}----------`,
    "before a single dash": (pem) => `${pem}-\n`,
    "before a comment that ends with a dash": (pem) => `${pem}# the end -`,
    "before the output of openssl s_client": (pem) => `${pem}---\nServer certificate\n---\n`,
    "after a line of dashes": (pem) => `-----\n${pem}`,
    "after a comment in dashes": (pem) => `----- client -----\n${pem}`,
    "after text that starts with the first byte of DER": (pem) =>
      ` 0 s:CN=client\n${pem}`.trimStart(),
    "after a BOM, with line ends of Windows": (pem) => `\uFEFF${pem.replaceAll("\n", "\r\n")}`,
  };
  for (const [form, decorate] of Object.entries(forms)) {
    it.live(`reads a certificate ${form}`, () =>
      Effect.gen(function* () {
        const { client, inputs } = yield* Pki.make;
        const certificate = Pki.bytes(decorate(client.certificate));
        assert.strictEqual(
          yield* thumbprint({ certificate, privateKey: inputs.privateKey }),
          client.thumbprint,
        );
      }),
    );
  }
});

describe("passphrase files", () => {
  const start = Effect.map(Pki.make, (pki) => ({
    ...pki,
    write: (contents: string | Uint8Array) => {
      const file = Path.join(pki.files.directory, "passphrase");
      return Effect.as(
        Effect.promise(() => Fs.writeFile(file, contents)),
        { file },
      );
    },
  }));

  for (const [name, decorate] of [
    ["has no line end", (text: string) => text],
    ["ends with a line end", (text: string) => `${text}\n`],
    ["ends with several line ends", (text: string) => `${text}\n\r\n\n`],
    ["begins with a BOM", (text: string) => `\uFEFF${text}\r\n`],
  ] as const) {
    it.live(`opens a key with a passphrase file that ${name}`, () =>
      Effect.gen(function* () {
        const { client, inputs, write } = yield* start;
        const { certificate, encryptedPrivateKey: privateKey } = inputs;
        const passphrase = yield* write(decorate(Pki.canary));
        assert.strictEqual(
          yield* thumbprint({ certificate, privateKey, passphrase }),
          client.thumbprint,
        );
      }),
    );
  }

  for (const [name, contents] of [
    ["is empty", ""],
    ["holds only a line end", "\r\n"],
    ["holds only a BOM", "\uFEFF"],
  ] as const) {
    it.live(`counts a passphrase file that ${name} as no passphrase`, () =>
      Effect.gen(function* () {
        const { client, inputs, write } = yield* start;
        const { certificate, privateKey, encryptedPrivateKey } = inputs;
        const passphrase = yield* write(contents);
        assert.strictEqual(
          yield* thumbprint({ certificate, privateKey, passphrase }),
          client.thumbprint,
        );
        const error = yield* Effect.flip(
          thumbprint({ certificate, privateKey: encryptedPrivateKey, passphrase }),
        );
        assert.include(error.message, "it is encrypted; give its passphrase");
      }),
    );
  }

  it.live("refuses a passphrase file in UTF-16, as PowerShell writes it", () =>
    Effect.gen(function* () {
      const { inputs, write } = yield* start;
      const { certificate, encryptedPrivateKey: privateKey } = inputs;
      const passphrase = yield* write(Buffer.from(`\uFEFF${Pki.canary}`, "utf16le"));
      const error = yield* Effect.flip(thumbprint({ certificate, privateKey, passphrase }));
      assert.match(error.message, /passphrase .*: it is text in UTF-16; save it as UTF-8/);
      assert.notInclude(error.message, Pki.canary);
    }),
  );
});
