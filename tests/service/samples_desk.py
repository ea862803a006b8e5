"""Sample records for the lists of the desk; all names and sums are made up."""

from dataclasses import replace
from datetime import date

from samples_case import HISTORY, MEMO
from samples_parent import AT, FIRST_PAYMENT, LINES, PERIOD, TODAY

from kernel.money import Dong
from service.views_desk import (
    AlarmView,
    CaseRow,
    CasesView,
    ConnectionRow,
    CreditRow,
    CreditsView,
    DeskShell,
    HomeView,
    InvoiceRow,
    InvoicesView,
    InvoiceView,
    PulseView,
)

OUTCOMES = ("waiting", "settled", "case", "duplicate", "reversal", "ignored", "failed")
PAGES = frozenset({"home", "credits", "cases", "invoices", "rates", "connections"})

SHELL = DeskShell(
    user_name="Lê Thị Thanh Tâm",
    role_name="Kế toán",
    place_name="Tiểu học Số 1 Phú Bài",
    pages=PAGES,
    current="cases",
    now=AT,
    csrf_token="c5rf-7oken",
    open_cases=4,
    pulses=(PulseView("Sacombank", AT, silent=False),),
)
OFFICER = replace(
    SHELL,
    user_name="Phan Văn Hòa",
    role_name="Chuyên viên",
    place_name="Thành phố Huế",
    pages=frozenset({"rates"}),
    current="rates",
    pulses=(),
)
SILENT = replace(
    SHELL,
    current="connections",
    done="Đã ghi phân bổ.",
    pulses=(PulseView("Sacombank", AT, silent=True), PulseView("BIDV", None, silent=False)),
)

CREDITS = CreditsView(
    rows=tuple(
        CreditRow(
            id=str(number),
            booked_at=AT,
            amount=Dong(1_250_000),
            memo=MEMO,
            payer="TRUONG QUANG VINH · ***2280" if number else "",
            outcome=outcome,
            why="Nguyễn Minh Khôi 3A2, phiếu T11/2026",
            url=f"/desk/invoices/{number}" if number % 2 else "",
        )
        for number, outcome in enumerate(OUTCOMES)
    ),
    outcome="case",
    next="MjAyNi0xMS0wNQ==",
)
CASE_ROWS = tuple(
    CaseRow(str(4311 + number), AT, Dong(2_236_000), reason, MEMO, number, state)
    for number, (reason, state) in enumerate(
        [
            ("Một lần chuyển cho hai con", "open"),
            ("Hai em cùng tên", "open"),
            ("Mã đúng nhưng phiếu đã đủ tiền", "assigned"),
            ("Tiền của trường khác", "returned"),
            ("Ủng hộ, không phải khoản thu", "ignored"),
        ]
    )
)
CASES = CasesView(CASE_ROWS, open_count=4, open_total=Dong(7_986_000), next="abc")
HOME = HomeView(
    credits_today=128,
    credits_total=Dong(148_250_000),
    settled_today=118,
    open_count=4,
    open_total=Dong(7_986_000),
    oldest=CASE_ROWS[:2],
)
INVOICE_ROW = InvoiceRow(
    id="9001",
    code="HPX4K7M02RCJ9T",
    state="issued",
    pupil_name="Nguyễn Hoàng Minh An",
    pupil_code="0046190789",
    class_name="3A2",
    period=PERIOD,
    due_date=date(2026, 11, 15),
    due=Dong(1_250_000),
    paid=Dong(0),
    outstanding=Dong(1_250_000),
)
INVOICES = InvoicesView(
    rows=(
        INVOICE_ROW,
        replace(INVOICE_ROW, due_date=date(2026, 11, 2)),
        *(
            replace(INVOICE_ROW, id=state, state=state)
            for state in ("partly_paid", "paid", "cancelled", "replaced")
        ),
    ),
    today=TODAY,
    query="Minh An & em",
    state="issued",
    next="c2",
)
INVOICE = InvoiceView(
    row=INVOICE_ROW,
    today=TODAY,
    lines=LINES,
    payments=(FIRST_PAYMENT,),
    history=HISTORY,
    account="Sacombank 0011012345678",
    memo="HPX4K7M02RCJ9T",
    page_url="/p/k3Jq9vTtXw",
)
CONNECTIONS = (
    ConnectionRow("sepay-1", "SePay", ("Sacombank 0011012345678",), "live", AT, 128),
    ConnectionRow(
        "casso-2",
        "Casso",
        ("BIDV 31410001234567", "VietinBank 108877665544"),
        "silent",
        AT,
        3,
        (AlarmView(AT, "Không có tin nào 3 giờ 20 phút, thường 12 phút một tin."),),
    ),
    ConnectionRow("payos-3", "payOS", (), "new", None, 0),
    ConnectionRow("mb-4", "MB Bank", ("MB 0123456789",), "stopped", AT, 0),
)
