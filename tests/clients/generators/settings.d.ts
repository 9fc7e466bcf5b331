// What tests/clients/test_generators.py puts in place of these names.
declare const API_URL: string;
declare const USER_ID: string;
declare const TOKEN: string;
