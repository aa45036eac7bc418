// SPDX-License-Identifier: Apache-2.0

internal import Mirror
internal import NIOCore
internal import Synchronization

/// What the connections of a `LoopbackHub` share: the handler, the record of requests, the fault plan.
final class HubDesk: Sendable {
    private struct Waiter {
        let condition: @Sendable ([RecordedRequest]) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }
    private struct State {
        var requests: [RecordedRequest] = []
        var generation = 0
        var fault: LoopbackHub.FaultPlan?
        var waiters: [Waiter] = []
        var channels: [ObjectIdentifier: any Channel] = [:]
        var days: Int64 = 0
    }
    private let state: Mutex<State>
    let handler: MirrorHandler

    /// Which request an update is about; one that was forgotten meanwhile is not found again.
    struct Ticket: Sendable {
        fileprivate let generation: Int
        fileprivate let index: Int
    }

    init(_ handler: MirrorHandler, _ fault: LoopbackHub.FaultPlan?) {
        self.handler = handler
        state = Mutex(State(fault: fault))
    }

    var requests: [RecordedRequest] { state.withLock { $0.requests } }

    func nextDay() -> Int64 {
        state.withLock { state in
            defer { state.days += 1 }
            return state.days
        }
    }

    func setFault(_ fault: LoopbackHub.FaultPlan?) { state.withLock { $0.fault = fault } }

    func forget() {
        state.withLock { state in
            state.requests.removeAll()
            state.generation += 1
        }
    }

    /// Records a request, and says what its answer is to suffer.
    func receive(
        _ method: String, _ target: String, _ headers: HeaderFields, _ body: [UInt8]
    ) -> (Ticket, RecordedRequest, [Fault]) {
        let (ticket, request, plan) = state.withLock { state in
            let attempt = 1 + state.requests.count { $0.method == method && $0.target == target }
            let request = RecordedRequest(
                method: method, target: target, headers: headers, body: body, attempt: attempt)
            state.requests.append(request)
            return (Ticket(generation: state.generation, index: state.requests.count - 1), request, state.fault)
        }
        wake()
        // The plan may itself look at the Hub, so it is asked outside of the lock.
        let fault = plan?(request)
        if case .all(let several)? = fault { return (ticket, request, several) }
        return (ticket, request, fault.map { [$0] } ?? [])
    }

    func update(_ ticket: Ticket, _ change: (inout RecordedRequest) -> Void) {
        state.withLock { state in
            guard state.generation == ticket.generation else { return }
            change(&state.requests[ticket.index])
        }
        wake()
    }

    func wait(_ condition: @escaping @Sendable ([RecordedRequest]) -> Bool) async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiters.append(Waiter(condition: condition, continuation: continuation)) }
            wake()
        }
    }

    private func wake() {
        let ready = state.withLock { state -> [Waiter] in
            guard !state.waiters.isEmpty else { return [] }
            let ready = state.waiters.filter { $0.condition(state.requests) }
            state.waiters.removeAll { $0.condition(state.requests) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    func add(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        state.withLock { $0.channels[key] = channel }
        channel.closeFuture.whenComplete { _ in _ = self.state.withLock { $0.channels.removeValue(forKey: key) } }
    }

    func closeAll() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
