/**
 * Requests a second through the undici adapter beside the same undici agent called with the address itself: keep-alive,
 * one small JSON answer, 10 instances of a service in this process's registry, which are ports of one bare server process.
 * Alternating rounds, medians; the server shares the machine.
 */
