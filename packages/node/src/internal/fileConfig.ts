import * as Config from "effect/Config";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import type * as KeyMaterial from "./keyMaterial.ts";
import type * as Materials from "./materials.ts";

/** The files that the configuration names. */
export const make = (
  prefix: string,
): Config.Config<Materials.PemOptions | Materials.PfxOptions> => {
  const certificate = `${prefix}_CERTIFICATE`;
  const privateKey = `${prefix}_PRIVATE_KEY`;
  const pfx = `${prefix}_PFX`;
  return Config.all({
    certificate: optional(Config.String(certificate)),
    privateKey: optional(Config.String(privateKey)),
    pfx: optional(Config.String(pfx)),
  }).pipe(
    Config.flatMap((found): Config.Config<Materials.PemOptions | Materials.PfxOptions> => {
      const hasPem = Boolean(found.certificate || found.privateKey);
      if (hasPem === Boolean(found.pfx)) {
        return fail(
          hasPem
            ? `set ${pfx}, or ${certificate} and ${privateKey}, but not both`
            : `set ${certificate} and ${privateKey}, or ${pfx}`,
        );
      }
      return hasPem
        ? Config.all({
            certificate: Config.NonEmptyString(certificate),
            privateKey: Config.NonEmptyString(privateKey),
            ...shared(prefix),
          })
        : Config.all({ pfx: Config.NonEmptyString(pfx), ...shared(prefix) });
    }),
  );
};

const shared = (prefix: string) => ({
  passphrase: Config.all({
    value: optional(Config.Redacted(`${prefix}_PASSPHRASE`)),
    file: optional(Config.String(`${prefix}_PASSPHRASE_FILE`)),
  }).pipe(
    Config.flatMap(({ value, file }): Config.Config<KeyMaterial.Passphrase> => {
      if (!file) return Config.succeed(value);
      return value !== undefined && Redacted.value(value) !== ""
        ? fail(`set ${prefix}_PASSPHRASE or ${prefix}_PASSPHRASE_FILE, but not both`)
        : Config.succeed({ file });
    }),
  ),
  certificateAuthorities: optional(Config.String(`${prefix}_CERTIFICATE_AUTHORITIES`)).pipe(
    Config.map((list) =>
      (list ?? "")
        .split(",")
        .map((path) => path.trim())
        .filter((path) => path !== ""),
    ),
  ),
});

const fail = (message: string): Config.Config<never> =>
  Config.fail(new ConfigProvider.SourceError({ message }));

const optional = <A>(self: Config.Config<A>): Config.Config<A | undefined> =>
  Config.map(Config.option(self), Option.getOrUndefined);
