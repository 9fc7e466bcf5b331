"""The operations of `stations`."""

from __future__ import annotations

from http import HTTPStatus

from specfirst.runtime.errors import APIError, UnsupportedMediaType

from authentication import Caller
from generated import plain
from generated.operations import CreateStation201, GetPhoto200Jpeg, GetPhoto200Png
from generated.schemas import SetPhotoBody, StationCreate
from impl.archive import Archive, ImageType, Photo

# A file begins with these bytes (PNG, section 5.2; JPEG, marker SOI). The type that a client names may be wrong.
SIGNATURES: dict[ImageType, bytes] = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


class NoPhoto(APIError):
    status = HTTPStatus.NOT_FOUND

    def __init__(self, station_id: int) -> None:
        super().__init__(f"Station {station_id} has no photo")


class Stations:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def create_station(self, caller: Caller, *, body: StationCreate) -> CreateStation201:
        station_id = len(self._archive.stations) + 1
        station: plain.Station = {
            "id": station_id,
            "name": body.name,
            "latitude": body.latitude,
            "longitude": body.longitude,
        }
        self._archive.stations[station_id] = station
        return CreateStation201(location=f"/stations/{station_id}", body=station)

    async def get_station(self, caller: Caller, *, station_id: int) -> plain.Station:
        return self._archive.station(station_id)

    async def set_photo(self, caller: Caller, *, station_id: int, body: SetPhotoBody) -> None:
        self._archive.station(station_id)
        content = await body.image.read()
        for media_type, signature in SIGNATURES.items():
            if content.startswith(signature):
                self._archive.photos[station_id] = Photo(media_type, content)
                return
        raise UnsupportedMediaType("The image is neither PNG nor JPEG")

    async def get_photo(
        self, caller: Caller, *, accept: ImageType, station_id: int
    ) -> GetPhoto200Png | GetPhoto200Jpeg:
        self._archive.station(station_id)
        photo = self._archive.photos.get(station_id)
        if photo is None:
            raise NoPhoto(station_id)
        if photo.media_type == "image/png":
            return GetPhoto200Png(content_disposition="inline; filename=photo.png", body=photo.content)
        return GetPhoto200Jpeg(content_disposition="inline; filename=photo.jpg", body=photo.content)
