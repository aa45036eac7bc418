// SPDX-License-Identifier: Apache-2.0

/// How the bytes of a file are reached.
public enum Access: Sendable, Hashable {
    /// Through reads into memory of one's own: nothing that happens to the file can do more than fail a call.
    case reads
    /// Through a mapping: tensors can be looked at without a copy. When another process cuts the file meanwhile, looking at
    /// what is gone ends this process with SIGBUS. Only for files that nobody cuts; replacing one by renaming is no harm.
    case mapped
}
