"""The parents' pages: one notice by its secret link. No sign-in, and no script needed."""

from dataclasses import dataclass

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from kernel.access import Parent, SignIn
from kernel.clock import utc_now, vietnam_date
from kernel.db import Database
from kernel.errors import NotFound
from kernel.money import Dong
from payments import qr_image, reads_page
from payments.banks import bank_name
from payments.model import InvoiceState
from payments.reads_page import NoticePage
from payments.reference import memo_text
from payments.tokens import token_hash
from payments.vietqr import VietQr, encode
from service.pages import render
from service.views import LineView, NoticeView, PaymentView, ReceivedView, SchoolView

METHOD_WORDS = {
    "noncash": "Chuyển khoản",
    "counter": "Nộp tại quầy ngân hàng",
    "cash": "Tiền mặt",
    "neutral": "Số dư của em",
}


@dataclass(frozen=True, slots=True)
class ParentPages:
    """What the parents' pages need."""

    db: Database
    sandbox: bool

    async def read(self, token: str) -> NoticePage:
        """Read the notice of a link; raises NotFound, the same for every unknown token."""
        async with self.db.transaction(SignIn()) as tx:
            key = await reads_page.find_page(tx, token_hash(token))
        if key is None:
            raise NotFound("no such page")
        scope = Parent((key.school_id,), (key.student_id,), (key.account_id,))
        async with self.db.transaction(scope) as tx:
            page = await reads_page.notice_page(tx, key)
        if page is None:
            raise NotFound("no such page")
        return page


def payload_of(page: NoticePage) -> str | None:
    """Write the VietQR payload of what is outstanding now; None where no QR may be shown."""
    if not page.state.open or not page.account_proved:
        return None
    return encode(
        VietQr(
            bank_bin=page.bank_bin,
            account=page.account_number,
            amount=page.outstanding,
            purpose=memo_text(page.code, page.memo_prefix),
        )
    )


def school_view(page: NoticePage) -> SchoolView:
    """Show the school on top of a page."""
    place = ", ".join(each for each in (page.unit_name, page.province_name) if each)
    words = [word for word in page.school_name.split() if word[:1].isalnum()]
    crest = "".join(word[0] for word in words[-3:]).upper()
    return SchoolView(name=page.school_name, place=place, crest=crest)


def notice_view(token: str, page: NoticePage) -> NoticeView:
    """Make the notice's page of what was read."""
    payload = payload_of(page)
    closed = page.state in {InvoiceState.CANCELLED, InvoiceState.REPLACED}
    return NoticeView(
        token=token,
        state=page.state.value,
        school=school_view(page),
        pupil_name=page.pupil_name,
        class_name=page.class_name,
        period=page.period,
        due_date=page.due_date,
        today=vietnam_date(utc_now()),
        due=page.due,
        paid=Dong(0 if closed else page.due - page.outstanding),
        outstanding=page.outstanding,
        surplus=page.surplus,
        lines=tuple(LineView(line.name, "", line.amount) for line in page.lines),
        payments=tuple(
            PaymentView(
                received_at=payment.at,
                amount=payment.amount,
                method=METHOD_WORDS.get(payment.method, METHOD_WORDS["noncash"]),
            )
            for payment in page.payments
        ),
        bank_name=bank_name(page.bank_bin),
        account_number=page.account_number,
        account_holder=page.account_holder,
        memo=memo_text(page.code, page.memo_prefix),
        qr_svg=qr_image.svg(payload) if payload else "",
    )


def received_view(token: str, page: NoticePage, looks: int) -> ReceivedView:
    """Make the waiting page of a notice that is not paid yet."""
    return ReceivedView(
        token=token,
        state="waiting",
        school=school_view(page),
        pupil_name=page.pupil_name,
        class_name=page.class_name,
        period=page.period,
        outstanding=page.outstanding,
        paid=Dong(page.due - page.outstanding),
        bank_name=bank_name(page.bank_bin),
        looks=looks,
    )


def parent_routes(pages: ParentPages) -> list[HTTPRouteHandler]:
    """Make the route handlers of the parents' pages."""

    @get("/p/{token:str}", media_type=MediaType.HTML)
    async def notice(
        token: FromPath[str], cho: FromQuery[int | None] = None, lan: FromQuery[int] = 0
    ) -> Response[str]:
        page = await pages.read(token)
        if cho and page.state.open:
            view = received_view(token, page, max(0, min(lan, 1_000)))
            shown = render("received.html", sandbox=pages.sandbox, received=view)
        else:
            view_paid = notice_view(token, page)
            shown = render("notice.html", sandbox=pages.sandbox, notice=view_paid)
        return Response(shown, media_type=MediaType.HTML, headers={"cache-control": "no-store"})

    @get("/p/{token:str}/qr.png", media_type="image/png")
    async def qr_png(token: FromPath[str]) -> Response[bytes]:
        payload = payload_of(await pages.read(token))
        if payload is None:
            raise NotFound("no QR is shown for this notice")
        name = 'attachment; filename="ma-qr.png"'
        headers = {"cache-control": "no-store", "content-disposition": name}
        png = qr_image.checked_png(payload)
        return Response(png, media_type="image/png", headers=headers)

    @get("/p/{token:str}/qr.svg", media_type="image/svg+xml")
    async def qr_svg(token: FromPath[str]) -> Response[str]:
        payload = payload_of(await pages.read(token))
        if payload is None:
            raise NotFound("no QR is shown for this notice")
        headers = {"cache-control": "no-store"}
        return Response(qr_image.svg(payload), media_type="image/svg+xml", headers=headers)

    return [notice, qr_png, qr_svg]
