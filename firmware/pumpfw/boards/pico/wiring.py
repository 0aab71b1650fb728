"""Which pin goes where, and what a reading is worth; docs/bench.md shows the same table.

Pins by GP number of a Raspberry Pi Pico.
"""

UART_TX, UART_RX = 0, 1  # UART 0: the optional serial line, 3.3 V
STEP = 2
DIRECTION = 3
ENABLE = 4  # low: on; 10 kOhm to 3V3 keep the driver off while the processor is in reset
SDA, SCL = 6, 7  # I2C 1
AWAKE = 8  # high while the core is at work: what a wake takes, and when it comes, for a probe
AIR = 11  # high: the optical switch at the outlet sees air
BUZZER = 12
BOLUS_BUTTON = 14  # buttons, cover switch and jumper close to ground
STOP_BUTTON = 15  # the second contact of the emergency stop
COVER = 17  # closed while the cover is shut
JUMPER = 18
PRESENCE_BUTTON = 19
RED, YELLOW = 20, 21
SYNC = 22  # rises when pump time begins: ties it to the time of a probe
OUTLET, SUPPLY, TEMPERATURE = 26, 27, 4  # ADC: two pins, and the channel of the sensor inside the chip

ENCODER_ADDRESS, ENCODER_ANGLE = 0x36, 0x0E  # AS5600

# readings of 12 bits (4 096 is 3.3 V) to the units of the sensors: (reading * factor >> 4) + offset
OUTLET_PA = 859, -10_000  # -10 kPa at 0 V, 210 kPa at 3.3 V
SUPPLY_MV = 142, 0  # divided by 11
TEMPERATURE_MDEGC = -7_490, 437_227  # 27 - (V - 0.706) / 0.001721: RP2040 datasheet, 4.9.5
AIR_NL = 60_000  # what the switch stands for: more than the 50 uL of HW-06
