// SPDX-License-Identifier: Apache-2.0

/// Untrusted bytes: where they are read from, the cursor that reads them, and the archives built on it.
///
/// Everything that opens a model file's bytes starts here. A `ByteSource` has a size and gives bytes at a place: a file, memory,
/// a part of another source, or a remote file of which only some ranges have been fetched. A `ByteCursor` walks over one, front to
/// back, and never reads past its end, never trusts a length that the bytes themselves declare, and never traps.
///
/// Not here: what the bytes mean (`Pickle`, `GGUF`, `Safetensors`), and the file system (`FileIO` has the source over a file).
public enum BinaryFormats {}
