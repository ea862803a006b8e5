"""Sample records for the parents' pages, the sign-in and errors; all names and sums are made up."""

from dataclasses import replace
from datetime import UTC, date, datetime

import qrcode
import qrcode.constants
from qrcode.image.svg import SvgPathImage

from kernel.money import Dong
from service.views import (
    ErrorView,
    LineView,
    LoginView,
    NoticeView,
    PaymentView,
    ReceivedView,
    SchoolView,
)

PAYLOAD = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA"
    "530370454071250000580 2VN62180814HPX4K7M02RCJ9T6304A13B"
)
AT = datetime(2026, 11, 5, 0, 58, tzinfo=UTC)
TODAY = date(2026, 11, 5)
PERIOD = date(2026, 11, 1)


def qr_svg() -> str:
    """Draw a QR of a real notice's length, as one path."""
    drawing = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    drawing.add_data(PAYLOAD)
    return drawing.make_image(image_factory=SvgPathImage).to_string(encoding="unicode")


SCHOOL = SchoolView(
    name="Trường Tiểu học Số 1 Phú Bài",
    place="Phường Phú Bài, TP Huế",
    crest="PB1",
    contact_name="cô Lê Thị Thanh Tâm",
    contact_phone="0000 123 456",
    office_hours="07:30–16:30",
)
LINES = (
    LineView("Học phí", "Miễn theo Nghị quyết 217/2025/QH15", Dong(0)),
    LineView("Tiền ăn bán trú", "20 ngày × 32.000 đ", Dong(640_000)),
    LineView("Trừ suất ăn nghỉ tháng 10", "3 ngày báo trước × 32.000 đ", Dong(-96_000)),
    LineView("Chăm sóc, quản lý bán trú", "1 tháng", Dong(235_000)),
    LineView("Nước uống", "1 tháng", Dong(16_000)),
    LineView("Giáo dục kỹ năng sống", "8 giờ × 15.000 đ", Dong(120_000)),
    LineView("Tiếng Anh có giáo viên nước ngoài", "Đã đăng ký từ T09/2026", Dong(280_000)),
    LineView("Câu lạc bộ bơi", "Đã đăng ký từ T10/2026", Dong(150_000)),
    LineView("Số dư tháng 10 cấn trừ", "Nộp thừa ngày 06/10/2026", Dong(-95_000)),
)
FIRST_PAYMENT = PaymentView(AT, Dong(1_000_000), "Chuyển khoản", "FT26309482716", "")

NOTICE = NoticeView(
    token="k3Jq9vTtXw",
    state="issued",
    school=SCHOOL,
    pupil_name="Nguyễn Hoàng Minh An",
    class_name="3A2",
    period=PERIOD,
    due_date=date(2026, 11, 15),
    today=TODAY,
    due=Dong(1_250_000),
    paid=Dong(0),
    outstanding=Dong(1_250_000),
    surplus=Dong(0),
    lines=LINES,
    payments=(),
    bank_name="Sacombank",
    account_number="0011012345678",
    account_holder="TRUONG TIEU HOC SO 1 PHU BAI",
    memo="HPX4K7M02RCJ9T",
    qr_svg=qr_svg(),
    notice_pdf=True,
    receipt_pdf=True,
)
_PARTLY = replace(
    NOTICE,
    state="partly_paid",
    paid=Dong(1_000_000),
    outstanding=Dong(250_000),
    payments=(FIRST_PAYMENT,),
)
_PAID = replace(
    NOTICE,
    state="paid",
    paid=NOTICE.due,
    outstanding=Dong(0),
    surplus=Dong(95_000),
    payments=(replace(FIRST_PAYMENT, amount=NOTICE.due, receipt_no="BL-2627-004182"),),
    qr_svg="",
)
NOTICES = {
    "issued": NOTICE,
    "overdue": replace(NOTICE, due_date=date(2026, 11, 2)),
    "last_day": replace(NOTICE, due_date=TODAY),
    "long_name": replace(
        NOTICE,
        pupil_name="Công Tằng Tôn Nữ Thị Hoàng Diễm Quỳnh",
        due=Dong(128_450_000),
        outstanding=Dong(128_450_000),
    ),
    "unproved": replace(NOTICE, qr_svg=""),
    "bare": replace(NOTICE, lines=(), notice_pdf=False),
    "partly": _PARTLY,
    "partly_overdue": replace(_PARTLY, due_date=date(2026, 11, 2)),
    "paid": _PAID,
    "free": replace(_PAID, due=Dong(0), paid=Dong(0), payments=(), surplus=Dong(0)),
    "cancelled": replace(NOTICE, state="cancelled", qr_svg=""),
    "replaced": replace(_PARTLY, state="replaced", qr_svg="", replaced_by="/p/moi"),
}

_WAITING = ReceivedView(
    token=NOTICE.token,
    state="waiting",
    school=SCHOOL,
    pupil_name=NOTICE.pupil_name,
    class_name="3A2",
    period=PERIOD,
    outstanding=NOTICE.due,
    paid=Dong(0),
    bank_name="Sacombank",
)
RECEIVED = {
    "waiting": _WAITING,
    "looking": replace(_WAITING, state="looking"),
    "part_came": replace(_WAITING, outstanding=Dong(250_000), paid=Dong(1_000_000), looks=23),
    "stopped": replace(_WAITING, looks=24),
}

LOGINS = {
    "first": LoginView("c5rf-7oken"),
    "refused": LoginView(
        "c5rf-7oken", "/desk/cases", "thanhtam", "Tên hoặc mật khẩu không đúng.", ask_code=True
    ),
}
ERRORS = {
    "full": ErrorView(
        title="Giao dịch vừa có người khớp",
        cause="Nguyễn Thị Hoa đã phân bổ khoản này lúc 09:21.",
        way_out="Mở lại hồ sơ để xem kết quả mới.",
        code="case_closed",
        request_id="r-01J",
        back_url="/desk/cases",
    ),
    "bare": ErrorView(
        "Máy chủ bận", "Hệ thống chưa trả lời.", "Thử lại sau.", nothing_written=False
    ),
}
