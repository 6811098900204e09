/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer passes `count` readable bytes, which are copied before it goes on.
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    check(bytes)
    return 0
}

/// The package manager makes this the program's `main`, in place of libFuzzer's own.
@_cdecl("FuzzProxyHeader_main")
public func run(
    _ argumentCount: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    // SAFETY: both point to what the system passed to the program, and live as long as it does.
    var count = argumentCount
    var values = unsafe arguments
    return unsafe runDriver(&count, &values, testOneInput)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
