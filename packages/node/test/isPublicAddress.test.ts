import { assert, describe, it } from "@effect/vitest";
import * as NodeHttpsClient from "@x/node/NodeHttpsClient";

const { isPublicAddress } = NodeHttpsClient;

describe("isPublicAddress", () => {
  for (const address of [
    "1.1.1.1",
    "8.8.8.8",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
  ]) {
    it(`accepts ${address}`, () => assert.isTrue(isPublicAddress(address)));
  }

  for (const form of [
    "010.0.0.1",
    "1.1",
    "8.8.8",
    "0x08.8.8.8",
    "134744072",
    "[::1]",
    "8.8.8.8:80",
  ]) {
    it(`refuses the form ${form}`, () => assert.isFalse(isPublicAddress(form)));
  }

  const special: Record<string, ReadonlyArray<string>> = {
    "this network": ["0.0.0.0", "0.1.2.3", "::"],
    loopback: ["127.0.0.1", "127.255.255.254", "::1"],
    "private networks": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fd00::1"],
    "shared networks": ["100.64.0.1", "100.127.255.255"],
    "link-local, with the metadata of clouds": [
      "169.254.169.254",
      "fe80::1",
      "fe80::1%lo",
      "fd00:ec2::254",
    ],
    protocols: ["192.0.0.1", "192.0.0.192", "192.88.99.1", "2001:20::1", "2001::1"],
    "documentation and benchmarks": [
      "192.0.2.1",
      "198.51.100.1",
      "203.0.113.1",
      "198.18.0.1",
      "2001:db8::1",
      "3fff::1",
      "2001:2::1",
    ],
    "multicast, broadcast and reserved": [
      "224.0.0.1",
      "239.255.255.255",
      "240.0.0.1",
      "255.255.255.255",
      "ff02::1",
      "100::1",
      "4000::1",
      "5f00::1",
      "fec0::1",
    ],
    "IPv4 addresses inside IPv6 ones": [
      "::ffff:127.0.0.1",
      "::ffff:a9fe:a9fe",
      "::127.0.0.1",
      "::ffff:0:127.0.0.1",
      "64:ff9b::127.0.0.1",
      "64:ff9b::a9fe:a9fe",
      "64:ff9b:1::8.8.8.8",
      "2002:7f00:1::",
      "2001:0:7f00:1::",
    ],
    "no address": ["", "localhost", "8.8.8.8.8", "1.1.1.1:443", "[::1]"],
  };
  for (const [name, addresses] of Object.entries(special)) {
    it(`refuses addresses: ${name}`, () => {
      assert.deepStrictEqual(addresses.filter(isPublicAddress), []);
    });
  }
});
