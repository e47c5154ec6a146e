const CHECKSUM_BYTES = 4;

/** The content, then its CRC-32 with the lowest byte first. */
export function withChecksum(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.length + CHECKSUM_BYTES);
  bytes.set(content);
  new DataView(bytes.buffer).setUint32(content.length, crc32(content), true);
  return bytes;
}

/** The content of such bytes; undefined when the checksum does not fit it. */
export function withoutChecksum(bytes: Uint8Array): Uint8Array | undefined {
  const size = bytes.length - CHECKSUM_BYTES;
  if (size < 0) return undefined;
  const content = bytes.subarray(0, size);
  const checksum = new DataView(bytes.buffer, bytes.byteOffset + size, CHECKSUM_BYTES).getUint32(0, true);
  return crc32(content) === checksum ? content : undefined;
}

/** One entry a byte; the polynomial of ISO 3309, lowest bit first. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  return rest;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}
