/**
 * One image and one command for both modes: which program runs is what the webhook wrote into the container. Each is a
 * bundle of its own, so that a brokered sidecar does not carry Redis (docs/adr/0005-two-sidecars-one-command.md).
 */
if ((process.env["STATIC_EGRESS_BROKER_URL"] ?? "") === "") void import("./direct/main.ts");
else void import("./brokered/main.ts");
