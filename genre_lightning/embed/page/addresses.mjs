// Addresses of files, as people write them.

export function decoded(address) {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}
