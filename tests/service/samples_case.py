"""Sample records for the page of one case and for the rates; all names and sums are made up."""

from dataclasses import replace
from datetime import date

from samples_parent import AT, PERIOD

from kernel.money import Dong
from service.views_case import CandidateView, CaseView, EvidenceView, MemoPart, RestChoice
from service.views_desk import HistoryRow
from service.views_rates import Crumb, PeriodChoice, RateRow, RatesView, RateView

MEMO = "MBVCB.8841209921.217702.nop tien cho Minh Khang 5A1 va HPX82TJ4MR0VKC.CT tu ***2280"
HISTORY = (
    HistoryRow(
        AT,
        "Lê Thị Thanh Tâm",
        "reversed",
        "đảo phân bổ, lý do “nhầm Khánh Linh 2A2 với Khánh Linh 2A4”",
        "Phiếu 2A4 trở lại Chưa nộp. Không phiếu nào khác bị đụng.",
    ),
    HistoryRow(AT, "Lê Thị Thanh Tâm", "assigned", "phân bổ 2.236.000 đ cho hai em"),
    HistoryRow(AT, "Lê Thị Thanh Tâm", "noted", "phụ huynh gọi lúc 09:30"),
    HistoryRow(AT, "Máy", "suspended", "để vào tiền treo: hai tên, một mã"),
    HistoryRow(AT, "Máy", "received", "nhận tin báo có từ SePay, chữ ký đúng"),
)
EVIDENCE = (
    EvidenceView("for", "1.082.000 + 1.154.000 = 2.236.000, đúng số tiền chuyển"),
    EvidenceView("missing", "Chỉ có một mã phiếu cho hai em"),
    EvidenceView("against", "Khánh Linh 2A4 cũng còn 1.154.000 đ nhưng khác phụ huynh"),
)
CANDIDATES = (
    CandidateView(
        code="HPX3V0K7CMN29R",
        pupil_name="Trương Minh Khang",
        pupil_code="0046190123",
        class_name="5A1",
        period=PERIOD,
        outstanding=Dong(1_082_000),
        amount_text="1.082.000",
        evidence=(EvidenceView("for", "Tên và lớp có trong nội dung"),),
    ),
    CandidateView(
        code="HPX82TJ4MR0VKC",
        pupil_name="Trương Khánh Linh",
        pupil_code="0046190456",
        class_name="2A2",
        period=PERIOD,
        outstanding=Dong(1_154_000),
    ),
)
_CASE = CaseView(
    id="4311",
    state="open",
    amount=Dong(2_236_000),
    title="một lần chuyển cho hai con",
    reason="Nội dung có tên hai em nhưng chỉ một mã phiếu, nên máy không tự chia.",
    memo=(MemoPart(MEMO[:55]), MemoPart("HPX82TJ4MR0VKC", marked=True), MemoPart(MEMO[69:])),
    payer="TRUONG QUANG VINH · ***2280",
    account="Sacombank 0011012345678",
    booked_at=AT,
    bank_ref="FT26309501186",
    source="SePay",
    history=HISTORY,
    evidence=EVIDENCE,
    candidates=CANDIDATES,
    rest_choices=(RestChoice("0046190123", "Trương Minh Khang, 5A1"),),
    assign_key="idem-assign-1",
)
CASE_PAGES = {
    "open": _CASE,
    "no_candidates": replace(_CASE, candidates=(), rest_choices=(), query="Khanh", found=0),
    "refused": replace(
        _CASE,
        errors=("Tổng các ô là 1.082.000 đ, còn thiếu 1.154.000 đ.",),
        candidates=(
            CANDIDATES[0],
            replace(CANDIDATES[1], amount_text="1154k", error="“1154k” không phải số tiền"),
        ),
        query="Linh",
        found=1,
        rest_choices=(RestChoice("0046190123", "Trương Minh Khang, 5A1", chosen=True),),
    ),
    "not_mine": replace(_CASE, who_may="kế toán trường (Lê Thị Thanh Tâm)"),
    "assigned": replace(
        _CASE,
        state="assigned",
        undo_key="idem-undo-1",
        undo_text="Phân bổ 2.236.000 đ cho Minh Khang 5A1 và Khánh Linh 2A2.",
    ),
    "ignored": replace(_CASE, state="ignored", payer="", bank_ref="", evidence=()),
}

RATES = RatesView(
    unit_name="Thành phố Huế",
    unit_url="/rates/46",
    rows_name="Xã, phường",
    crumbs=(Crumb("Việt Nam", "/rates?period=2026-10"), Crumb("Thành phố Huế", "")),
    month=date(2026, 10, 1),
    periods=(
        PeriodChoice("2026-11", PERIOD),
        PeriodChoice("2026-10", date(2026, 10, 1)),
    ),
    total=RateRow(
        "Thành phố Huế",
        "",
        RateView(125_160_535_000, 161_560_003_500),
        RateView(161_560_003_500, 187_304_820_000),
    ),
    rows=(
        RateRow(
            "Phường Thuận Hóa",
            "/rates/19753",
            RateView(14_218_640_000, 15_902_310_000),
            RateView(15_902_310_000, 17_120_000_000),
        ),
        RateRow(
            "Xã A Lưới 1",
            "/rates/20044",
            RateView(402_150_000, 1_010_700_000),
            RateView(1_010_700_000, 1_410_250_000),
            self_reported=True,
        ),
        RateRow("Xã A Lưới 4", "", RateView(0, 0), RateView(0, 0)),
        RateRow("Điểm trường lẻ", "", RateView(1, 2), RateView(1, 2), suppressed=True),
    ),
    known_at=AT,
)
