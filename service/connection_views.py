"""Makes the page of bank connections: which accounts, when heard, what a person must look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kernel.money import Dong
from payments.banks import bank_name
from service.case_page import PROVIDERS
from service.desk_pages import is_silent
from service.formats import dong_text
from service.views_desk import AlarmView, ConnectionRow
from webhooks.reads_desk import Heard, OpenAlarm

_ALARMS = {
    "foreign_account": "Tin báo cho tài khoản ***{account}, không gắn với kết nối này."
    " Tiền chưa vào sổ; báo người vận hành kiểm tra kết nối.",
    "unread_delivery": "Một tin không đọc được; bản gốc đã lưu. Báo người vận hành.",
    "unread_item": "Một dòng của tin không đọc được ở phần “{field}”; bản gốc đã lưu."
    " Đối chiếu sao kê.",
    "other_content": "Ngân hàng báo lại một giao dịch với nội dung khác; bản đầu được giữ."
    " Đối chiếu sao kê.",
    "quarantined": "Máy thử ba lần không ghi được một khoản {amount}; khoản ấy ở Tiền treo.",
}
NO_CONNECTION = "Không qua kết nối"

Banks = Mapping[int, tuple[str, str]]
"""Account -> (bank BIN, number)."""


def alarm_text(alarm: OpenAlarm) -> str:
    """Say what is wrong and what to do; a kind without a sentence is shown as it is."""
    amount = alarm.facts.get("amount_dong")
    text = _ALARMS.get(alarm.kind, alarm.kind)
    for name in ("account", "field"):
        text = text.replace("{" + name + "}", str(alarm.facts.get(name, "?")))
    return text.replace("{amount}", dong_text(Dong(amount)) if isinstance(amount, int) else "?")


def state_of(connection: Heard, now: datetime) -> str:
    """Say how a connection is."""
    if not connection.active:
        return "stopped"
    if not connection.at:
        return "new"
    return "silent" if is_silent(connection.at, now) else "live"


def connection_rows(
    heard: Sequence[Heard],
    today: Mapping[int, int],
    alarms: Sequence[OpenAlarm],
    banks: Banks,
    now: datetime,
) -> tuple[ConnectionRow, ...]:
    """Make a row a connection; an account's alarms go to its first one, else to a last row."""
    own: dict[int | None, list[AlarmView]] = {}
    for alarm in alarms:
        view = AlarmView(alarm.at, alarm_text(alarm), id=str(alarm.id))
        own.setdefault(_connection_of(alarm, heard), []).append(view)
    rows = [
        ConnectionRow(
            id=str(each.id),
            provider=PROVIDERS.get(each.provider, each.provider),
            accounts=_accounts(each.account_ids, banks),
            state=state_of(each, now),
            last_delivery_at=each.at[0] if each.at else None,
            deliveries_today=today.get(each.id, 0),
            alarms=tuple(own.get(each.id, ())),
        )
        for each in heard
    ]
    loose = own.get(None)
    if loose:
        accounts = _accounts(
            [each.account_id for each in alarms if each.account_id is not None], banks
        )
        rows.append(ConnectionRow("", NO_CONNECTION, accounts, "new", None, 0, tuple(loose)))
    return tuple(rows)


def _connection_of(alarm: OpenAlarm, heard: Sequence[Heard]) -> int | None:
    if any(each.id == alarm.connection_id for each in heard):
        return alarm.connection_id
    return next((each.id for each in heard if alarm.account_id in each.account_ids), None)


def _accounts(account_ids: Sequence[int], banks: Banks) -> tuple[str, ...]:
    known = [banks[each] for each in dict.fromkeys(account_ids) if each in banks]
    return tuple(f"{bank_name(bank_bin)} {number}" for bank_bin, number in known)
