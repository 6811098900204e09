/// Runs libFuzzer, which makes the inputs of a fuzz target.
package enum FuzzDriver {
    // SAFETY: written once by `run`, before the first input.
    nonisolated(unsafe) fileprivate static var check: ([UInt8]) -> Void = { _ in }

    /// Calls `check` with one input after the other, as the command line says (see libFuzzer's `-help=1`), and ends the
    /// process.
    ///
    /// - Parameter check: ends the process where something is wrong.
    package static func run(_ check: @escaping ([UInt8]) -> Void) -> Never {
        // SAFETY: what the system passed to the program lives as long as it does.
        unsafe Self.check = check
        var count = CommandLine.argc
        var values = unsafe Optional(CommandLine.unsafeArgv)
        let status = unsafe runDriver(&count, &values, testOneInput)
        exitProcess(status)
    }
}

/// What libFuzzer calls with each input; its own `main`, which is linked but not used, asks for this name.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer passes `count` readable bytes, which are copied before it goes on.
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    unsafe FuzzDriver.check(bytes)
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@_silgen_name("exit")
private func exitProcess(_ status: CInt) -> Never
