"""What doors took in, byte for byte: kept for good, acknowledged only when it is on the disk, read again at any time.

Everything that is made of it can be made again.
"""

from hengneng.deliveries.log import FOLDER, DeliveryLog, Segment
from hengneng.deliveries.packing import Arrived, Delivery

__all__ = ["FOLDER", "Arrived", "Delivery", "DeliveryLog", "Segment"]
