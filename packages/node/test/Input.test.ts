import { assert, describe, it } from "@effect/vitest";
import type * as Input from "@x/node/Input";
import * as NodeHttpsClient from "@x/node/NodeHttpsClient";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as NodePrivateKey from "@x/node/NodePrivateKey";
import * as Effect from "effect/Effect";

const text = "client.crt";
const privateKey = { file: "client.key" };

describe("Input", () => {
  it("rejects a plain string in every option at compile time", () => {
    // @ts-expect-error -- the string could be a path or contents
    const input: Input.Input = text;
    // @ts-expect-error -- as above
    const passphrase: Input.Passphrase = text;
    const layers = [
      // @ts-expect-error -- as above
      () => NodeMutualTls.layerPem({ certificate: text, privateKey }),
      // @ts-expect-error -- as above
      () => NodeMutualTls.layerPfx({ pfx: text }),
      // @ts-expect-error -- as above
      () => NodeMutualTls.layerEffect(Effect.succeed({ pfx: text })),
      // @ts-expect-error -- as above
      () => NodeMutualTls.layerConfig("ACME", { certificateAuthorities: [text] }),
      // @ts-expect-error -- as above
      () => NodeHttpsClient.layer({ certificateAuthorities: [text] }),
      // @ts-expect-error -- as above
      () => NodePrivateKey.make({ key: text }),
    ];
    assert.lengthOf([input, passphrase, ...layers], 8);
  });
});
