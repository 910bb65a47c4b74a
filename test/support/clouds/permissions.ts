/** What each call needs, by the clouds' documentation. A call that is missing here fails the test of the manifests. */
export const awsPermissions: Record<string, readonly string[]> = {
  DescribeAddresses: ["ec2:DescribeAddresses"],
  DescribeInstances: ["ec2:DescribeInstances"],
  DescribeRouteTables: ["ec2:DescribeRouteTables"],
  AssociateAddress: ["ec2:AssociateAddress"],
  DisassociateAddress: ["ec2:DisassociateAddress"],
};

export const gcpPermissions: Record<string, readonly string[]> = {
  "addresses.list": ["compute.addresses.list"],
  "instances.get": ["compute.instances.get"],
  "instances.list": ["compute.instances.list"],
  "instances.addAccessConfig": [
    "compute.instances.addAccessConfig",
    "compute.addresses.use",
    "compute.subnetworks.useExternalIp",
  ],
  "instances.deleteAccessConfig": ["compute.instances.deleteAccessConfig"],
  "zoneOperations.wait": ["compute.zoneOperations.get"],
  "zoneOperations.list": ["compute.zoneOperations.list"],
};

/** The permissions that the seen calls need; throws for a call that nobody has looked up. */
export function neededFor(seen: Iterable<string>, permissions: Record<string, readonly string[]>): string[] {
  const needed = [...seen].flatMap((action) => {
    const of = permissions[action];
    if (of === undefined)
      throw new Error(`the adapter makes the call ${action}, whose permission nobody has looked up`);
    return of;
  });
  return [...new Set(needed)].toSorted();
}
