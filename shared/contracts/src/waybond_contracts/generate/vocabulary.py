"""The canonical vocabulary of scans for people: what each kind means, and the providers' codes that say it."""

from collections.abc import Mapping
from dataclasses import dataclass

from waybond_contracts.shipments import ScanKind

PROVIDERS = ("17TRACK", "AfterShip", "Shippo", "UPU")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind says, and how 17TRACK (v2.2 sub-status), AfterShip (subtag), Shippo (substatus) and the postal
    operators (UPU EMSEVT event code) say it; empty where they have no code for it."""

    text: str
    codes: tuple[str, str, str, str]


VOCABULARY: Mapping[ScanKind, Meaning] = {
    ScanKind.LABEL_CREATED: Meaning(
        "The carrier knows of the parcel but does not have it.",
        ("InfoReceived", "InfoReceived_001", "information_received", ""),
    ),
    ScanKind.PICKED_UP: Meaning(
        "The carrier has it.", ("InTransit_PickedUp", "InTransit_002", "package_accepted", "EMA")
    ),
    ScanKind.IN_TRANSIT: Meaning(
        "It moves, or was seen on its way.",
        (
            "InTransit_Other",
            "InTransit_001, 003, 007, 008, 009",
            "package_arrived, package_departed, package_processed, package_processing, package_forwarded",
            "EMB, EMF, EMG, EMJ, EMK, EDD, EDE",
        ),
    ),
    ScanKind.EXPORT_DEPARTED: Meaning("It left the country of origin.", ("InTransit_Departure", "", "", "EMC")),
    ScanKind.IMPORT_ARRIVED: Meaning(
        "It reached the country of destination.", ("InTransit_Arrival", "InTransit_004", "", "EMD")
    ),
    ScanKind.CUSTOMS_PRESENTED: Meaning(
        "Customs has it.", ("InTransit_CustomsProcessing", "InTransit_006", "", "EXA, EDB")
    ),
    ScanKind.CUSTOMS_HELD: Meaning(
        "Customs keeps it: papers, duties or an inspection are open.",
        ("InTransit_CustomsRequiringInformation", "Exception_004, 006", "", "EXB, EME"),
    ),
    ScanKind.CUSTOMS_RELEASED: Meaning(
        "Customs let it go.", ("InTransit_CustomsReleased", "InTransit_005", "", "EXC, EDC")
    ),
    ScanKind.OUT_FOR_DELIVERY: Meaning(
        "It is on the vehicle to the buyer.",
        ("OutForDelivery_Other", "OutForDelivery_001, 003, 004", "out_for_delivery, delivery_scheduled", "EDG"),
    ),
    ScanKind.READY_FOR_PICKUP: Meaning(
        "It lies where the buyer can fetch it.",
        ("AvailableForPickup_Other", "AvailableForPickup_001, OutForDelivery_002", "pickup_available", "EDH"),
    ),
    ScanKind.DELIVERY_ATTEMPTED: Meaning(
        "The carrier came and could not hand it over.",
        (
            "DeliveryFailure_Other, DeliveryFailure_NoBody, DeliveryFailure_Security",
            "AttemptFail_001, 002, 003",
            "delivery_attempted, notice_left",
            "EMH",
        ),
    ),
    ScanKind.DELIVERED: Meaning(
        "It was handed over; `handed_to` says to whom or where.",
        ("Delivered_Other", "Delivered_001 to 004", "delivered", "EMI"),
    ),
    ScanKind.DELAYED: Meaning(
        "The carrier says that it will be late.",
        ("Exception_Delayed", "Exception_005", "delayed, delivery_rescheduled", ""),
    ),
    ScanKind.HELD: Meaning(
        "It is kept, for another reason than customs.",
        ("Exception_Security", "", "package_held", "EDA, EDF, EXD"),
    ),
    ScanKind.DAMAGED: Meaning(
        "The carrier reports damage.", ("Exception_Damage", "Exception_012", "package_damaged", "")
    ),
    ScanKind.LOST: Meaning("The carrier declares it lost.", ("Exception_Lost", "Exception_013", "package_lost", "")),
    ScanKind.DESTROYED: Meaning(
        "It was destroyed or disposed of.", ("Exception_Destroyed", "", "package_disposed", "")
    ),
    ScanKind.REFUSED: Meaning(
        "The buyer did not take it.",
        ("DeliveryFailure_Rejected, Exception_Rejected", "Exception_003, 009", "", ""),
    ),
    ScanKind.ADDRESS_PROBLEM: Meaning(
        "The address is wrong or incomplete.",
        ("DeliveryFailure_InvalidAddress, Exception_NoBody", "Exception_002, 007", "address_issue", ""),
    ),
    ScanKind.UNCLAIMED: Meaning("Nobody fetched it in time.", ("", "Exception_008", "package_unclaimed", "")),
    ScanKind.RETURNING: Meaning(
        "It is on its way back to the sender.",
        ("Exception_Returning", "Exception_010", "return_to_sender (also when it is back)", ""),
    ),
    ScanKind.RETURNED: Meaning("It is back with the sender.", ("Exception_Returned", "Exception_011", "", "")),
    ScanKind.CANCELLED: Meaning("The shipment was called off.", ("Exception_Cancel", "", "", "EXX, EDX")),
    ScanKind.STALE: Meaning(
        "The provider stopped looking; no evidence of loss.", ("Expired_Other", "Expired_001", "", "")
    ),
    ScanKind.UNKNOWN: Meaning(
        "The provider knows nothing, or says something that has no place here.",
        ("NotFound_Other, NotFound_InvalidCode, Exception_Other", "Pending, Exception_001", "other", ""),
    ),
}
