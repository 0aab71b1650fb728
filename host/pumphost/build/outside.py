"""Names of what is no object of the tree's own: attributes of MicroPython's types and modules.

A class may have a method of such a name (`append`, `feed`), and at `store.append(…)` nothing tells whether the store is
an object of the tree or a list, the watchdog one of a board or `machine.WDT`. A short name in its place would be asked
of the list as well, so no pass touches these. Most of them cost nothing: they are in the interpreter already.
"""

from __future__ import annotations

from pumphost.build.machine_code import NATIVE_MODULE

# Objects that come out of other modules may have any attribute; machine code reads and writes memory and nothing else.
KNOWN_MODULES = frozenset(
    """
    array binascii collections errno gc hashlib io json machine math micropython os random re rp2 select struct sys time
    """.split()
) | {NATIVE_MODULE}
# In small letters; others are constants (Pin.IN), and no attribute in capitals is touched. From `dir` of MicroPython
# 1.29 for these modules, what they hold and what their functions return; `machine` and `rp2` from their stubs for the
# RP2040. Among them what MicroPython itself asks of streams and file systems written in Python.
ATTRIBUTES = frozenset(
    """
    a2b_base64 acos acosh active add add_program alarm alloc_emergency_exception_buf any append appendleft args argv
    array asin asinh asm_pio asm_pio_encode asm_thumb asm_xtensa atan atan2 atanh atexit atten b2a_base64 bitstream
    block board bootloader bootsel_button buffer byteorder calcsize ceil center channel chdir choice clear clock
    close collect compile config connect const copy copysign cos cosh count country cpu crc32 datetime decode
    deepsleep degrees deinit delay deleter deque desc_cfg desc_dev dht_readinto difference difference_update digest
    disable disable_irq discard drive dump dumps duty_ns duty_u16 e enable enable_irq encode endswith ep_max erf
    erfc errno errorcode exc_info exec executable exit exp expm1 extend fabs factorial feed fileno find floor flush
    fmod format freq frexp from_bytes fromhex fromkeys gamma get getcwd getenv getrandbits getter getvalue gmtime
    gpio group heap_lock heap_unlock hex hexlify high idle ifempty iffull ilistdir imag implementation in_ index inf
    init insert intersection intersection_update invert ioctl ipoll irq irq_next irq_prev isalpha isclose isdigit
    isdisjoint isenabled isfinite isinf islower isnan isr isspace issubset issuperset isupper items itf_max jmp
    jmppin join kbd_intr keys label ldexp lgamma lightsleep listdir load loads localtime log log10 log2 low lower
    lstrip match maxsize md5 mem16 mem32 mem8 mem_alloc mem_backup mem_current mem_free mem_info mem_peak mem_total
    memory mkdir mkfs mktime mode modf modify modules mount mov name namedtuple nan native next noblock nop not_osre
    not_x not_y null off on open opt_level osr out pack pack_ctrl pack_into partition path pc pend_throw pi pin
    pindirs pins platform poll pop popitem popleft pow prev print_exception ps1 ps2 pull push put putenv qstr_info
    radians randint random randrange read read_u16 readblocks readfrom readfrom_into readfrom_mem readfrom_mem_into
    readinto readline readlines real register rel remote_wakeup remove remove_program rename replace reset
    reset_cause restart reverse rfind rindex rmdir rpartition rsplit rstrip rx_fifo scan schedule search seed seek
    send sendbreak sep set setdefault setter sha1 sha256 shift side sin sinh sleep sleep_ms sleep_us soft_reset sort
    split splitlines sqrt stack_use stall start startswith stat state_machine status statvfs stderr stdin stdout
    step stop str_max strip sub submit_xfer symmetric_difference symmetric_difference_update system tan tanh tau
    tell threshold throw ticks_add ticks_cpu ticks_diff ticks_ms ticks_us time time_ns time_pulse_us to_bytes toggle
    trunc tx_fifo txdone umount unhexlify uniform union unique_id unlink unpack unpack_ctrl unpack_from unregister
    unsetenv update upper urandom value values version version_info viper wait width word wrap wrap_target write
    write_readinto writeblocks writeto writeto_mem writevto x x_dec x_not_y y y_dec
    """.split()
)
