// SPDX-License-Identifier: Apache-2.0

package import Deliverable
package import SystemPackage

/// One side of a comparison, as a user names it.
package enum DiffSide: Sendable, Hashable {
    /// Files on this machine, a locked deliverable or a revision of a repository.
    case target(ModelTarget)
    /// A lock that lies anywhere, such as one of `.weighlock/locks`; with a name, one deliverable of it.
    case lock(FilePath, DeliverableName?)
    /// A deliverable as the project's lock has it.
    case locked(DeliverableName)
    /// What the names of a locked deliverable mean upstream now.
    case upstream(DeliverableName)
}
