"""Pages under /billing/, in the cloud alone."""

from django.urls import path

from billing import views

app_name = "billing"
urlpatterns = [
    path("", views.plans, name="plans"),
    path("checkout/", views.checkout, name="checkout"),
    path("prepay/", views.prepay, name="prepay"),
    path("invoices/", views.invoices, name="invoices"),
    path("ipn/", views.ipn, name="ipn"),
    path("portal/", views.portal, name="portal"),
    path("webhook/", views.webhook, name="webhook"),
]
