# Runs a program on a terminal of its own (a pty), so that a test can see what a person would: python3 on-a-terminal.py PROGRAM ARG...
# What comes on standard input is typed, but for lines "size COLUMNS ROWS"; what the program draws goes to standard output. Ends with the program's code.
import fcntl, os, pty, select, signal, struct, sys, termios

def size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

pid, fd = pty.fork()
if pid == 0:
    size(0, 80, 24)
    os.execvp(sys.argv[1], sys.argv[1:])
before = termios.tcgetattr(fd)
inputs = [fd, 0]
while True:
    ready, _, _ = select.select(inputs, [], [], 30)
    if not ready:
        os.kill(pid, signal.SIGKILL)
        sys.exit('nothing came for 30 s')
    if 0 in ready:
        typed = os.read(0, 4096)
        if not typed:
            inputs.remove(0)
        elif typed.startswith(b'size '):
            _, columns, rows = typed.split()
            size(fd, int(columns), int(rows))
            os.kill(pid, signal.SIGWINCH)
        else:
            os.write(fd, typed)
    if fd in ready:
        try:
            drawn = os.read(fd, 65536)
        except OSError:
            drawn = b''
        if not drawn:
            break
        sys.stdout.buffer.write(drawn)
        sys.stdout.buffer.flush()
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
